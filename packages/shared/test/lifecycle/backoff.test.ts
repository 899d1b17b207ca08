import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Backoff } from '../../src/index.ts';

test('doubles up to the maximum, and begins anew after a reset', () => {
  const backoff = new Backoff({ initialMs: 100, maxMs: 1_000, jitter: 0, random: () => 0.5 });
  expect([1, 2, 3, 4, 5, 6].map(() => backoff.nextDelayMs())).toEqual([100, 200, 400, 800, 1_000, 1_000]);
  expect(backoff.attempts).toBe(6);
  backoff.reset();
  expect(backoff.nextDelayMs()).toBe(100);
});

test('every delay is within jitter of the full one and never above the maximum', () => {
  fc.assert(
    fc.property(
      fc.record({
        initialMs: fc.integer({ min: 1, max: 1_000 }),
        maxMs: fc.integer({ min: 1, max: 60_000 }),
        jitter: fc.double({ min: 0, max: 1, noNaN: true }),
        draw: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        attempts: fc.integer({ min: 1, max: 100 }),
      }),
      ({ initialMs, maxMs, jitter, draw, attempts }) => {
        const backoff = new Backoff({ initialMs, maxMs, jitter, random: () => draw });
        for (let attempt = 0; attempt < attempts; attempt += 1) {
          const fullMs = Math.min(maxMs, initialMs * 2 ** attempt);
          const delayMs = backoff.nextDelayMs();
          expect(delayMs).toBeLessThanOrEqual(fullMs);
          expect(delayMs).toBeGreaterThanOrEqual(fullMs * (1 - jitter) - 1e-9);
        }
      },
    ),
    { numRuns: 50 },
  );
});
