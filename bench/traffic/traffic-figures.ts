import { median, percentile } from '../report/percentile.ts';
import type { Figure } from '../report/report.ts';
import { SHAPES, type Shape } from './rule-shapes.ts';

export const RULE_COUNTS = [10, 100, 1_000, 10_000] as const;
export const PLAIN = 'plain';
export const TRACKING = 'tracking';

/** One variant in one round. */
export interface Measurement {
  /** Per second; shared: with client and server on one processor. */
  readonly connections: number;
  readonly sharedConnections: number;
  /** Nanoseconds of the sender's processor per small packet: of a flow that passed, and the first of a flow. */
  readonly passedNs: number;
  readonly firstNs: number;
  /** Gbit/s, of each tenth of a second; empty if not measured. */
  readonly gigabits: readonly number[];
}

type Measured = ReadonlyMap<string, readonly Measurement[]>;

export function variantName(shape: Shape, rules: number): string {
  return `${shape} ${rules}`;
}

interface Rate {
  readonly what: string;
  readonly of: (some: Measurement) => number;
  /** To reach, of plain routing. */
  readonly atLeast?: number;
  /** Taken from batches that nothing interrupted: the same on a busy machine, so small differences count. */
  readonly undisturbed?: boolean;
}

/** What is compared, per second: the best of all rounds, since whatever else ran can only have slowed it. */
const RATES: readonly Rate[] = [
  { what: 'connections/s', of: ({ connections }) => connections, atLeast: 0.85 },
  { what: 'connections/s of one processor', of: ({ sharedConnections }) => sharedConnections, undisturbed: true },
  { what: 'first packets/s', of: ({ firstNs }) => 1e9 / firstNs, undisturbed: true },
  { what: 'packets/s of a flow that passed', of: ({ passedNs }) => 1e9 / passedNs, atLeast: 0.85, undisturbed: true },
];

export function trafficFigures(measured: Measured, rounds: number): Figure[] {
  const figures: Figure[] = [];
  for (const { what, of, atLeast, undisturbed } of RATES) {
    const best = (variant: string): number => Math.max(...(measured.get(variant) ?? []).map(of));
    figures.push(
      { what: `(d) ${what}: plain routing`, value: best(PLAIN), unit: '1/s', note: `best of ${rounds} rounds` },
      { what: `(d) ${what}: connection tracking / plain`, value: best(TRACKING) / best(PLAIN), unit: '×' },
    );
    for (const shape of SHAPES) {
      for (const rules of RULE_COUNTS) {
        const value = best(variantName(shape, rules));
        const toTen = value / best(variantName(shape, 10));
        figures.push({
          what: `(d) ${what}: ${rules} rules, ${shape} / plain`,
          value: value / best(PLAIN),
          unit: '×',
          ...(atLeast !== undefined && { target: { atLeast } }),
          note: `${value.toFixed(0)} 1/s; ${(value / best(TRACKING)).toFixed(2)} of connection tracking alone`,
        });
        if (rules === 10 || undisturbed !== true) continue;
        figures.push({
          what: `(d) ${what}: ${rules} / 10 rules, ${shape}`,
          value: toTen,
          unit: '×',
          target: { atLeast: 0.9 },
        });
      }
    }
  }
  return [...figures, ...throughputFigures(measured)];
}

/** Of tenths of a second that little disturbed; the medians are in the notes. */
function throughputFigures(measured: Measured): Figure[] {
  const tenths = (variant: string): number[] => (measured.get(variant) ?? []).flatMap(({ gigabits }) => gigabits);
  const undisturbed = (variant: string): number => percentile(tenths(variant), 0.9);
  const plain = undisturbed(PLAIN);
  return [...measured.keys()].flatMap((variant): Figure[] => {
    const all = tenths(variant);
    if (all.length === 0) return [];
    if (variant === PLAIN) return [{ what: '(d) TCP throughput: plain routing', value: plain, unit: 'Gbit/s' }];
    const note = `${undisturbed(variant).toFixed(1)} Gbit/s; medians ${(median(all) / median(tenths(PLAIN))).toFixed(3)}`;
    const ratio = {
      what: `(d) TCP throughput: ${variant} / plain`,
      value: undisturbed(variant) / plain,
      unit: '×',
      note,
    };
    return [variant === TRACKING ? ratio : { ...ratio, target: { atLeast: 0.95 } }];
  });
}
