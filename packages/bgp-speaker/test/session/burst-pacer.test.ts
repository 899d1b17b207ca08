import { FakeClock } from '@slash32/shared';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { BurstPacer } from '../../src/session/burst-pacer.ts';

const PER_MESSAGE = 10;

describe('BurstPacer', () => {
  let clock: FakeClock;
  let waiting: number;
  /** What left, and when. */
  let left: [number, number][];
  let pacer: BurstPacer;

  beforeEach(() => {
    clock = new FakeClock();
    waiting = 0;
    left = [];
    pacer = new BurstPacer(clock, flush);
  });

  function flush(): void {
    const admitted = waiting === 0 ? 0 : pacer.admit(waiting, () => PER_MESSAGE);
    if (admitted > 0) left.push([clock.monotonicMs(), admitted]);
    waiting -= admitted;
  }

  function come(count: number): void {
    waiting += count;
    flush();
  }

  it('lets a change leave at once after a pause, and each one that comes after another pause', () => {
    come(1);
    clock.advance(10);
    come(3);
    clock.advance(10);
    come(1);
    const startMs = left[0]?.[0] ?? 0;
    expect(left).toEqual([
      [startMs, 1],
      [startMs + 10, 3],
      [startMs + 20, 1],
    ]);
  });

  it('lets those that follow closely leave as whole messages, and the rest after 10 ms without another', () => {
    come(1);
    const startMs = clock.monotonicMs();
    clock.advance(1);
    come(9);
    come(18);
    expect(left.map(([, count]) => count)).toEqual([1, 20]);
    clock.advance(8);
    come(1);
    clock.advance(9);
    expect(left).toHaveLength(2);
    clock.advance(1);
    expect(left[2]).toEqual([startMs + 19, 8]);
    clock.advance(1000);
    expect(left).toHaveLength(3);
  });

  it('lets none wait for more than 50 ms, however slowly others follow', () => {
    come(1);
    for (let round = 0; round < 9; round += 1) {
      clock.advance(6);
      come(1);
    }
    clock.advance(2);
    const [first, second] = left;
    expect(second?.[1]).toBe(9);
    expect((second?.[0] ?? 0) - (first?.[0] ?? 0)).toBe(6 + 50);
  });

  it('asked again without another change, as when octets have left the socket, lets nothing leave early', () => {
    come(1);
    come(2);
    clock.advance(5);
    flush();
    clock.advance(4);
    flush();
    expect(left).toHaveLength(1);
    clock.advance(1);
    expect(left.map(([, count]) => count)).toEqual([1, 2]);
  });

  it('looks at what came meanwhile before it lets an unfilled message leave', () => {
    come(1);
    come(5);
    // The process was busy: what the socket got meanwhile is read behind the timers that are due.
    clock.schedule(10, () => come(15));
    clock.advance(1000);
    expect(left.map(([, count]) => count)).toEqual([1, 20]);
  });

  it('keeps its bounds for any arrivals: all leaves, and in time', () => {
    const arrivals = fc.array(fc.record({ pauseMs: fc.nat(30), count: fc.integer({ min: 1, max: 25 }) }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(arrivals, (rounds) => {
        clock = new FakeClock();
        waiting = 0;
        left = [];
        pacer = new BurstPacer(clock, flush);
        const due: { readonly byMs: number; readonly total: number }[] = [];
        let total = 0;
        for (const { pauseMs, count } of rounds) {
          clock.advance(pauseMs);
          total += count;
          due.push({ byMs: clock.monotonicMs() + 50, total });
          come(count);
        }
        clock.advance(1000);
        for (const { byMs, total: wanted } of due) {
          const leftByThen = left.filter(([atMs]) => atMs <= byMs).reduce((sum, [, count]) => sum + count, 0);
          expect(leftByThen).toBeGreaterThanOrEqual(wanted);
        }
        expect(left.reduce((sum, [, count]) => sum + count, 0)).toBe(total);
      }),
    );
  });
});
