import type { NftChange, NftRuleset, NftTableId } from '@slash32/shared';
import type { FabricModel } from '../model/fabric-model.ts';

/** The tables that the compiler owns: `inet slash32` and `arp slash32`. */
export declare const POLICY_TABLES: readonly NftTableId[];

/** What to send to the kernel, as one transaction. */
export interface PolicyUpdate {
  /** Ordered; empty: nothing to do. */
  readonly changes: readonly NftChange[];
  /** The policy generation after the update, 1–16,777,215. */
  readonly generation: number;
  /** True if the update may take something away: flows are judged again (their conntrack mark is of an older generation). */
  readonly revokes: boolean;
  /** `NAMESPACE/NAME` of the endpoints whose elements this update adds, changes or removes. */
  readonly endpoints: ReadonlySet<string>;
}

/** Where an endpoint is in the program, for `policy show`. */
export interface EndpointObjects {
  /** In the order a packet meets them. */
  readonly chains: readonly { readonly table: NftTableId; readonly name: string }[];
  readonly elements: readonly { readonly table: NftTableId; readonly set: string; readonly keys: readonly string[] }[];
}

/**
 * Compiles the policy of one host. Open instances on `host` become endpoints, whether their taps exist or not: nft
 * matches interfaces by name. All others are closed, as everything is that no endpoint claims.
 *
 * Life cycle: `reconcile(what the kernel has)` once the datastore is in sync, `flush()` after each batch of changes to
 * the model. Both assume that their changes are applied before the next call; when a transaction failed, or when the
 * kernel was changed by somebody else, call `reconcile` with what the kernel has now.
 */
export declare class HostPolicyCompiler {
  constructor(model: FabricModel, host: string);
  readonly host: string;
  /** Of the program that the kernel is to have, 1–16,777,215. */
  readonly generation: number;
  /** What changed since the last `flush` or `reconcile`. */
  flush(): PolicyUpdate;
  /** From `actual` to the whole desired state. Keeps the kernel's generation unless something is to be revoked. */
  reconcile(actual: NftRuleset): PolicyUpdate;
  /** The whole desired state, as of the last `flush` or `reconcile`. */
  ruleset(): NftRuleset;
  /** Leaves an instance out of the program (its tap is closed) until `include`; takes effect with the next flush. */
  exclude(instance: string): void;
  include(instance: string): void;
  /** True if the instance is an endpoint of the program as of the last `flush` or `reconcile`. */
  isProgrammed(instance: string): boolean;
  endpointObjects(instance: string): EndpointObjects | undefined;
}

/** The policy generation in a ruleset as compiled or read back; `undefined` if it has none. */
export declare function generationOf(ruleset: NftRuleset): number | undefined;
