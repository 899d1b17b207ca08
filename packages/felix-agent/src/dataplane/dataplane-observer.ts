import type { ProgrammingTrace } from '@slash32/shared';
import type { DriftKind } from './drift-ledger.ts';

/** What the dataplane reports of its work, for metrics and status. */
export interface DataplaneObserver {
  nftCommitted(result: { readonly bytes: number; readonly durationMs: number }): void;
  nftFailed(): void;
  driftFound(kind: DriftKind): void;
  connectionsForgotten(count: number): void;
  roundDone(durationMs: number): void;
  endpointUp(trace: ProgrammingTrace): void;
}
