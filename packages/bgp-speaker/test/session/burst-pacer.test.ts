import { FakeClock } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { BurstPacer } from '../../src/session/burst-pacer.ts';

describe('BurstPacer', () => {
  it('lets the first rounds pass, then only what fills messages, and the rest after a moment', () => {
    const clock = new FakeClock();
    const later: number[] = [];
    const pacer: BurstPacer = new BurstPacer(clock, () => later.push(pacer.admit(7, 10)));
    for (let round = 0; round < 8; round += 1) expect(pacer.admit(3, 10)).toBe(3);
    expect(pacer.admit(9, 10)).toBe(0);
    expect(pacer.admit(27, 10)).toBe(20);
    clock.advance(19);
    expect(later).toEqual([]);
    clock.advance(1);
    expect(later).toEqual([7]);
  });

  it('earns rounds anew while there is nothing to send', () => {
    const clock = new FakeClock();
    const pacer = new BurstPacer(clock, () => undefined);
    for (let round = 0; round < 8; round += 1) pacer.admit(1, 10);
    expect(pacer.admit(1, 10)).toBe(0);
    pacer.stop();
    clock.advance(1000);
    for (let round = 0; round < 8; round += 1) expect(pacer.admit(1, 10)).toBe(1);
    expect(pacer.admit(1, 10)).toBe(0);
  });
});
