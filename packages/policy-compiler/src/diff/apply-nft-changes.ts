import type { NftChange, NftRuleset } from '@slash32/shared';

/**
 * The ruleset after `changes`, as the kernel would have it. Throws `FabricError` `nft.invalid-change` at the first step
 * that the kernel would refuse, with `details.changeIndex`.
 */
export declare function applyNftChanges(ruleset: NftRuleset, changes: readonly NftChange[]): NftRuleset;
