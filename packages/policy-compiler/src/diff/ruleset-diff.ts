import type { NftChange, NftRuleset } from '@slash32/shared';

/**
 * The steps from `actual` to `desired`, valid in order, as one transaction; empty if they are equal. Rules are equal if
 * their comments are (the comment holds a digest of the text). Tables that `desired` lacks are deleted: pass only ours.
 */
export declare function diffRulesets(actual: NftRuleset, desired: NftRuleset): NftChange[];
