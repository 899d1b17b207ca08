import type { FabricShape } from './large-fabric.ts';
import type { Commit } from './program-host.ts';

/** What a run of churn-main.ts is told. Shares are fractions of all changes. */
export interface ChurnSettings extends FabricShape {
  readonly changesPerSecond: number;
  readonly seconds: number;
  readonly seed: number;
  /** Changes of a rule of a group that local instances are in. */
  readonly rules: number;
  /** Local instances that change their group. */
  readonly localInstances: number;
  /** Of the changes of other instances' groups: those that join a group that local instances are in. */
  readonly nearby: number;
}

export interface ChurnFigures {
  readonly changes: number;
  readonly transactions: number;
  readonly bytes: number;
  readonly tookSeconds: number;
  /** From when a change was due until the kernel had it, or until it was known to concern nothing here. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface ChurnResult {
  readonly loadMs: number;
  readonly cold: Commit;
  readonly restart: Commit;
  readonly churn: ChurnFigures;
  /** A start after the churn: what the kernel lacks of the program compiled from scratch. */
  readonly afterwards: Commit;
  /** Resident memory: after the cold start, after the churn, and the most there was. */
  readonly loadedBytes: number;
  readonly churnedBytes: number;
  readonly peakBytes: number;
}
