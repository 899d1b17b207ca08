/** Memory of the daemon at a calm moment, all garbage collected; octets. */
export interface MemorySample {
  readonly heapUsed: number;
  /** Of octet arrays. */
  readonly arrayBuffers: number;
  readonly rss: number;
}

const MIB = 2 ** 20;
/** What may come on top of the first samples: measuring is not exact, and a table that rehashes has other gaps than before. */
const HEAP_ALLOWANCE = { factor: 1.05, octets: 3 * MIB };
const RSS_ALLOWANCE = { factor: 1.15, octets: 20 * MIB };

/**
 * Whether memory is flat: in each of heap, octet arrays and resident memory, the lowest of the last third of the samples is within
 * the allowance of the highest of the first third. A leak raises every later sample; a peak raises one. Returns what is wrong.
 */
export function growthOf(samples: readonly MemorySample[]): readonly string[] {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const first = samples.slice(0, third);
  const last = samples.slice(-third);
  return (['heapUsed', 'arrayBuffers', 'rss'] as const).flatMap((kind) => {
    const allowance = kind === 'rss' ? RSS_ALLOWANCE : HEAP_ALLOWANCE;
    const before = Math.max(...first.map((sample) => sample[kind]));
    const after = Math.min(...last.map((sample) => sample[kind]));
    if (after <= before * allowance.factor + allowance.octets) return [];
    return [`${kind} grew from ${mebibytes(before)} to ${mebibytes(after)} MiB over ${samples.length} samples`];
  });
}

export function mebibytes(octets: number): string {
  return (octets / MIB).toFixed(1);
}
