import type { NftChange, NftElementCounter, NftRuleset, NftTableId } from '@slash32/shared';

export interface NftApplyResult {
  /** Octets of nft text that were sent. 0: there was nothing to do and no transaction was made. */
  readonly bytes: number;
  readonly durationMs: number;
}

/**
 * The way into the kernel's nftables. Transactions are applied one after the other, in the order of the calls.
 *
 * Errors (`FabricError`): `nft.rejected` (the kernel or nft refused; nothing of the transaction was applied;
 * `details.stderr`, `details.changeIndex` where known), `nft.unavailable` (nft cannot be run), `nft.timeout`.
 */
export interface NftTransactor extends AsyncDisposable {
  /** Applies all changes as one transaction, or none. An empty list sends nothing. */
  apply(changes: readonly NftChange[]): Promise<NftApplyResult>;
  /** What the kernel has of these tables; a table that does not exist is absent from the result. */
  list(tables: readonly NftTableId[]): Promise<NftRuleset>;
  /**
   * What the elements of these sets have counted, by set and element key; reads these sets only. A set that does not exist
   * is absent from the result; one that is not `counted` is empty.
   */
  counters(
    table: NftTableId,
    sets: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, NftElementCounter>>>;
  /**
   * Resolves when the subscription is in force, so that `watch` before `list` misses nothing; `onForeignChange` is then
   * called when a process other than this transactor has changed one of these tables, or may have (notifications were
   * lost). Several changes may come as one call. Ends when `signal` aborts.
   */
  watch(tables: readonly NftTableId[], onForeignChange: () => void, signal: AbortSignal): Promise<void>;
}
