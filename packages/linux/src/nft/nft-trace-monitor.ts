import type { NftTraceLine } from './trace-line.ts';

/**
 * The kernel's own account of packets whose `meta nftrace` somebody has set.
 *
 * Errors (`FabricError`): `nft.unavailable`.
 */
export interface NftTraceMonitor {
  /**
   * Resolves when no later packet will be missed, but for those that come faster than they can be read. `onLines` gets
   * what was read together; `onEnd` is called when nothing comes any more, though `signal` has not aborted.
   */
  watch(
    listener: { onLines(lines: readonly NftTraceLine[]): void; onEnd(error: unknown): void },
    signal: AbortSignal,
  ): Promise<void>;
}
