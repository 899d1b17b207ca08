import type { LogDrops, MacAddress, ResourceFinding, ResourceKey } from '@slash32/shared';

/** A source that an instance may use besides its own addresses. */
export interface ResolvedPair {
  /** Canonical prefix with its length: `203.0.113.99/32`. */
  readonly prefix: string;
  readonly mac: MacAddress;
}

interface InstanceIdentity {
  /** `NAMESPACE/NAME`. */
  readonly name: string;
  readonly key: ResourceKey;
  /** Name of the Host resource, known or not. */
  readonly host: string;
  readonly interface: string;
  readonly mac: MacAddress;
  /** Canonical, in the order of the manifest. */
  readonly addresses: readonly string[];
}

/** An instance whose resources fit together: it may be programmed. */
export interface OpenInstance extends InstanceIdentity {
  readonly state: 'open';
  readonly network: string;
  /** First hops that its host answers for: gateways of the pools its addresses are in; `fe80::1` for IPv6 without one. */
  readonly gateways: readonly string[];
  /** `site`: nothing passes between it and addresses outside {@link FabricModel.sitePrefixes}. */
  readonly reach: 'internet' | 'site';
  /** Translation of its IPv4 traffic that leaves the site. */
  readonly egressNat: 'none' | 'masquerade';
  /** `NAMESPACE/NAME` of its groups, sorted, without repetition; empty for `portSecurity: false`. */
  readonly groups: readonly string[];
  readonly pairs: readonly ResolvedPair[];
  readonly portSecurity: boolean;
  /** False: each packet is judged alone, replies too. */
  readonly stateful: boolean;
  /** Of itself, or of the group that logs most; `undefined`: drops are not logged. */
  readonly logDrops: LogDrops | undefined;
}

/** An instance that stays closed: its tap passes nothing, its addresses are not routed. */
export interface ClosedInstance extends InstanceIdentity {
  readonly state: 'closed';
  /** At least one of severity `error`. */
  readonly findings: readonly ResourceFinding[];
  /** The errors' messages in one line. */
  readonly reason: string;
}

export type ResolvedInstance = OpenInstance | ClosedInstance;
