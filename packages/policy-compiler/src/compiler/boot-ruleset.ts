import type { NftRuleset } from '@slash32/shared';

/** Table `inet slash32-boot` and `arp slash32-boot`: nothing passes from or to interfaces with these prefixes. */
export declare function bootRuleset(interfacePrefixes: readonly string[]): NftRuleset;
