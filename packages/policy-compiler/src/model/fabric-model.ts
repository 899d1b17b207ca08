import type {
  AddressGroup,
  FabricConfiguration,
  Host,
  IpPrefix,
  Network,
  Resource,
  ResourceFinding,
  ResourceKey,
  SecurityGroup,
} from '@slash32/shared';
import type { ModelSubscription } from './model-changes.ts';
import type { OpenInstance, ResolvedInstance } from './resolved-instance.ts';

export interface PutOptions {
  /**
   * A number that the datastore gave the resource when it was made, the same for every reader, lower for older ones.
   * Left out (the `dir` datastore has none): unknown, ranks after all that have one.
   */
  readonly createdRevision?: number;
}

/** The addresses of a group's open members. */
export interface GroupMembers {
  /** Canonical addresses: the members' own, and allowed address pairs of one address. */
  readonly addresses: ReadonlySet<string>;
  /** Canonical prefixes of allowed address pairs wider than one address. */
  readonly prefixes: ReadonlySet<string>;
}

/**
 * All resources, resolved against each other. The state depends on the present resources only, not on the order in
 * which they came, and a change costs what it affects.
 *
 * Claims: an interface of a host, a MAC address on a host and an address belong to one Instance. If several claim one,
 * the lowest `createdRevision` has it (the older), then the lowest `NAMESPACE/NAME`; the others are closed. An instance
 * that is wrong in itself (unknown network, address outside its pools, …) claims nothing, so it cannot take
 * anything away from a sound one; one that merely lost another claim still does, so no decision depends on another.
 */
export declare class FabricModel {
  put(resource: Resource, options?: PutOptions): void;
  /** Returns false if there was none. */
  delete(key: ResourceKey): boolean;
  subscribe(): ModelSubscription;

  /** `name`: `NAMESPACE/NAME`. */
  instance(name: string): ResolvedInstance | undefined;
  instances(): Iterable<ResolvedInstance>;
  instancesOn(host: string): Iterable<ResolvedInstance>;
  /** The open instance that owns this address (canonical text). */
  instanceByAddress(address: string): OpenInstance | undefined;
  host(name: string): Host | undefined;
  network(name: string): Network | undefined;
  /** `NAMESPACE/NAME`. */
  securityGroup(name: string): SecurityGroup | undefined;
  addressGroup(name: string): AddressGroup | undefined;
  membersOf(group: string): GroupMembers;
  /** Of the FabricConfiguration, or its defaults while there is none. */
  configuration(): FabricConfiguration['spec'];
  /** The site: `siteCidrs` and the pools of all Networks; none contained in another. */
  sitePrefixes(): readonly IpPrefix[];
  /** Everything that keeps a resource from taking effect, sorted by resource and code. */
  findings(): readonly ResourceFinding[];
}
