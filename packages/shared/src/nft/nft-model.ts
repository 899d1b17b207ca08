/**
 * nftables objects as data: what policy-compiler produces, what linux writes to the kernel and reads back.
 *
 * Texts are nft's own syntax in one canonical spelling, so that equal objects are equal strings:
 * addresses as {@link formatIpAddress}, prefixes `a/len` (a full-length prefix as the bare address), ranges `a-b`,
 * ports and protocols as decimal numbers, families as `ipv4` and `ipv6`, interface names quoted, concatenations joined
 * with ` . `.
 */
export type NftFamily = 'inet' | 'arp';

/** `FAMILY NAME`, for example `inet slash32`. */
export type NftTableId = `${NftFamily} ${string}`;

export interface NftSet {
  readonly name: string;
  /** nft's type, for example `ifname . ether_addr . ipv4_addr`. */
  readonly type: string;
  /** Present for maps: the data type (`verdict`, `ipv4_addr`). */
  readonly dataType?: string;
  /** True for `flags interval`: elements may be ranges and prefixes, and must not overlap. */
  readonly interval: boolean;
  /** Present: each element counts the packets that it matched. What it counted is no part of the ruleset. */
  readonly counted?: true;
  /** Element key text → data text (for maps); for sets '', or `comment "TEXT"` as {@link NftElementComment}. */
  readonly elements: ReadonlyMap<string, string>;
}

/** What an element of a set has for people: at most 127 octets of printable ASCII, no quote. */
export type NftElementComment = `comment "${string}"`;

/** What an element of a counted set has counted since it was added. */
export interface NftElementCounter {
  readonly packets: number;
  readonly octets: number;
}

/**
 * A rule. `identity` is written as (part of) the rule's comment and decides equality when the kernel is read back:
 * it contains a digest of `text`, so rules need not be re-parsed from the kernel's spelling.
 */
export interface NftRule {
  /** The statement without comment: `iifname "tap*" drop`. */
  readonly text: string;
  /** Whole comment, at most 120 octets, no quote: for people first (`sg tenant-a/web rule 3`), ending in ` #DIGEST`. */
  readonly comment: string;
}

export interface NftChain {
  readonly name: string;
  /** Present for base chains. */
  readonly hook?: {
    readonly type: 'filter' | 'nat' | 'route';
    readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';
    readonly priority: number;
    readonly policy: 'accept' | 'drop';
  };
  readonly rules: readonly NftRule[];
}

export interface NftTable {
  readonly id: NftTableId;
  readonly sets: ReadonlyMap<string, NftSet>;
  readonly chains: ReadonlyMap<string, NftChain>;
}

/** Complete tables, by id. A table that is absent does not exist. */
export type NftRuleset = ReadonlyMap<NftTableId, NftTable>;

/**
 * One step of a change. A list of them is applied as one kernel transaction, in the order given, and the maker of the
 * list orders it so that each step is valid after those before it: tables and sets are made before the rules and
 * elements that refer to them, and deleted after.
 */
export type NftChange =
  | { readonly op: 'add-table'; readonly table: NftTableId }
  | { readonly op: 'delete-table'; readonly table: NftTableId }
  /** Makes an empty set; elements follow in `add-elements`. */
  | { readonly op: 'add-set'; readonly table: NftTableId; readonly set: Omit<NftSet, 'elements'> }
  | { readonly op: 'delete-set'; readonly table: NftTableId; readonly name: string; readonly map: boolean }
  /** Makes a chain without rules; rules follow in `set-rules`. */
  | { readonly op: 'add-chain'; readonly table: NftTableId; readonly chain: Omit<NftChain, 'rules'> }
  | { readonly op: 'delete-chain'; readonly table: NftTableId; readonly name: string }
  /** Replaces all rules of an existing chain. */
  | { readonly op: 'set-rules'; readonly table: NftTableId; readonly chain: string; readonly rules: readonly NftRule[] }
  | {
      readonly op: 'add-elements';
      readonly table: NftTableId;
      readonly set: string;
      /** As in {@link NftSet}. */
      readonly elements: ReadonlyMap<string, string>;
    }
  | {
      readonly op: 'delete-elements';
      readonly table: NftTableId;
      readonly set: string;
      readonly keys: readonly string[];
    };
