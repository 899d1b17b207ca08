import { describe, expect, it } from 'vitest';
import { growthOf } from './soak-verdict.ts';

const MIB = 2 ** 20;
const sample = (heapMib: number, rssMib = 200) => ({ heapUsed: heapMib * MIB, arrayBuffers: MIB, rss: rssMib * MIB });

describe('memory over a soak', () => {
  it('is flat if it only wavers', () => {
    expect(growthOf([60, 62, 59, 61, 60, 63].map((mib) => sample(mib)))).toEqual([]);
  });

  it('is flat with one peak, even the last', () => {
    expect(growthOf([60, 61, 60, 61, 60, 90].map((mib) => sample(mib)))).toEqual([]);
  });

  it('is not flat if every sample is above the one before', () => {
    expect(growthOf([60, 63, 66, 69, 72, 75].map((mib) => sample(mib)))).toEqual([
      'heapUsed grew from 63.0 to 72.0 MiB over 6 samples',
    ]);
  });

  it('is not flat if resident memory grows alone', () => {
    expect(growthOf([200, 220, 240, 260, 280, 300].map((mib) => sample(60, mib)))).toEqual([
      'rss grew from 220.0 to 280.0 MiB over 6 samples',
    ]);
  });
});
