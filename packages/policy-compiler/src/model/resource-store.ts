import {
  type AddressGroup,
  type FabricConfiguration,
  fabricConfigurationSchema,
  type Host,
  type Instance,
  type Network,
  parseResourceKey,
  type Resource,
  type ResourceKey,
  type SecurityGroup,
} from '@slash32/shared';
import { type InstanceRecord, InstanceRecords, logDropsIdentity } from './instance-record.ts';
import { MultiMap } from './multi-map.ts';
import { nameOf } from './resource-name.ts';

/** Told what a change of a resource affects. */
export interface StoreListener {
  /** An instance to be resolved again. */
  instance(name: string): void;
  securityGroup(name: string): void;
  addressGroup(name: string): void;
  host(name: string): void;
  fabric(): void;
}

const DEFAULT_CONFIGURATION = fabricConfigurationSchema.parse({
  apiVersion: 'slash32.dev/v1',
  kind: 'FabricConfiguration',
  metadata: { name: 'default' },
  spec: {},
}).spec;

/** The resources as they are, and what names what, so that a change finds the instances that it affects. */
export class ResourceStore {
  configuration: FabricConfiguration['spec'] = DEFAULT_CONFIGURATION;
  readonly hosts = new Map<string, Host>();
  readonly networks = new Map<string, Network>();
  readonly instances = new Map<string, InstanceRecord>();
  readonly securityGroups = new Map<string, SecurityGroup>();
  readonly addressGroups = new Map<string, AddressGroup>();

  readonly #records = new InstanceRecords();
  readonly instancesByHost = new MultiMap<string, string>();
  readonly #instancesByNetwork = new MultiMap<string, string>();
  readonly #instancesByGroup = new MultiMap<string, string>();
  readonly #instancesByAddress = new MultiMap<string, string>();
  readonly #hostsByAddress = new MultiMap<string, string>();
  readonly #networksByGateway = new MultiMap<string, string>();
  readonly #listener: StoreListener;

  constructor(listener: StoreListener) {
    this.#listener = listener;
  }

  put(resource: Resource): void {
    switch (resource.kind) {
      case 'FabricConfiguration':
        this.#setConfiguration(resource.spec);
        break;
      case 'Host':
        this.#setHost(resource.metadata.name, resource);
        break;
      case 'Network':
        this.#setNetwork(resource.metadata.name, resource);
        break;
      case 'Instance':
        this.#setInstance(nameOf(resource), resource);
        break;
      case 'SecurityGroup':
        this.#setSecurityGroup(nameOf(resource), resource);
        break;
      case 'AddressGroup':
        this.#setAddressGroup(nameOf(resource), resource);
        break;
      case 'BGPPeer':
      case 'RoutePolicy':
        break; // only the speaker's business
    }
  }

  /** Returns false if there was none. */
  delete(key: ResourceKey): boolean {
    const { kind, namespace, name: shortName } = parseResourceKey(key);
    const name = namespace === undefined ? shortName : `${namespace}/${shortName}`;
    const existed = this.#has(kind, name);
    if (!existed) return false;
    switch (kind) {
      case 'FabricConfiguration':
        this.#setConfiguration(DEFAULT_CONFIGURATION);
        break;
      case 'Host':
        this.#setHost(name, undefined);
        break;
      case 'Network':
        this.#setNetwork(name, undefined);
        break;
      case 'Instance':
        this.#setInstance(name, undefined);
        break;
      case 'SecurityGroup':
        this.#setSecurityGroup(name, undefined);
        break;
      case 'AddressGroup':
        this.#setAddressGroup(name, undefined);
        break;
      case 'BGPPeer':
      case 'RoutePolicy':
        break;
    }
    return true;
  }

  /** A Host that has this address: the first by name, so that messages do not depend on history. */
  hostWithAddress(address: string): string | undefined {
    return [...this.#hostsByAddress.get(address)].sort()[0];
  }

  hostAddresses(): readonly string[] {
    const names = [...this.hosts.keys()].sort();
    return names.flatMap((name) => hostAddresses(this.hosts.get(name)));
  }

  /** A Network that has this gateway: the first by name. */
  networkWithGateway(address: string): string | undefined {
    return [...this.#networksByGateway.get(address)].sort()[0];
  }

  #has(kind: Resource['kind'], name: string): boolean {
    switch (kind) {
      case 'FabricConfiguration':
        return this.configuration !== DEFAULT_CONFIGURATION;
      case 'Host':
        return this.hosts.has(name);
      case 'Network':
        return this.networks.has(name);
      case 'Instance':
        return this.instances.has(name);
      case 'SecurityGroup':
        return this.securityGroups.has(name);
      case 'AddressGroup':
        return this.addressGroups.has(name);
      case 'BGPPeer':
      case 'RoutePolicy':
        return false;
    }
  }

  #setConfiguration(spec: FabricConfiguration['spec']): void {
    const prefixesDiffer = spec.interfacePrefixes.join() !== this.configuration.interfacePrefixes.join();
    this.configuration = spec;
    this.#listener.fabric();
    if (prefixesDiffer) this.#affect(this.instances.keys());
  }

  #setHost(name: string, host: Host | undefined): void {
    const before = this.hosts.get(name);
    setOrDelete(this.hosts, name, host);
    for (const address of reindex(this.#hostsByAddress, name, hostAddresses(before), hostAddresses(host))) {
      this.#affect(this.#instancesByAddress.get(address));
    }
    if ((before === undefined) !== (host === undefined)) this.#affect(this.instancesByHost.get(name));
    this.#listener.host(name);
  }

  #setNetwork(name: string, network: Network | undefined): void {
    const before = this.networks.get(name);
    setOrDelete(this.networks, name, network);
    for (const gateway of reindex(this.#networksByGateway, name, gatewaysOf(before), gatewaysOf(network))) {
      this.#affect(this.#instancesByAddress.get(gateway));
    }
    this.#affect(this.#instancesByNetwork.get(name));
    this.#listener.fabric(); // pools are part of the site
  }

  #setInstance(name: string, instance: Instance | undefined): void {
    const before = this.instances.get(name);
    const after = instance === undefined ? undefined : this.#records.replace(instance, before);
    if (after === undefined && before !== undefined) this.#records.release(before);
    const known = after?.name ?? name; // one text for all indexes
    setOrDelete(this.instances, known, after);
    const move = (index: MultiMap<string, string>, keys: (some: InstanceRecord) => readonly string[]): void => {
      reindex(index, known, before === undefined ? [] : keys(before), after === undefined ? [] : keys(after));
    };
    move(this.instancesByHost, (some) => [some.host]);
    move(this.#instancesByNetwork, (some) => [some.profile.network]);
    move(this.#instancesByAddress, (some) => some.addresses);
    move(this.#instancesByGroup, (some) => some.profile.groups);
    this.#listener.instance(known);
  }

  #setSecurityGroup(name: string, group: SecurityGroup | undefined): void {
    const before = this.securityGroups.get(name);
    setOrDelete(this.securityGroups, name, group);
    const logging = logDropsIdentity(group?.spec.logDrops) !== logDropsIdentity(before?.spec.logDrops);
    if (before?.spec.stateful !== group?.spec.stateful || logging) this.#affect(this.#instancesByGroup.get(name));
    this.#listener.securityGroup(name);
  }

  #setAddressGroup(name: string, group: AddressGroup | undefined): void {
    setOrDelete(this.addressGroups, name, group);
    this.#listener.addressGroup(name);
  }

  #affect(instances: Iterable<string>): void {
    for (const name of instances) this.#listener.instance(name);
  }
}

function hostAddresses(host: Host | undefined): readonly string[] {
  if (host === undefined) return [];
  const { address, address6, masqueradeAddress } = host.spec;
  return [address, address6, masqueradeAddress].filter((text) => text !== undefined);
}

function gatewaysOf(network: Network | undefined): readonly string[] {
  return network === undefined ? [] : network.spec.pools.flatMap((pool) => pool.gateway ?? []);
}

/** Moves `value` from the keys it had to those it has; returns the keys that differ. */
function reindex(
  index: MultiMap<string, string>,
  value: string,
  before: readonly string[],
  after: readonly string[],
): string[] {
  const differing: string[] = [];
  for (const key of before) {
    if (after.includes(key)) continue;
    index.remove(key, value);
    differing.push(key);
  }
  for (const key of after) {
    if (before.includes(key)) continue;
    index.add(key, value);
    differing.push(key);
  }
  return differing;
}

function setOrDelete<Value>(map: Map<string, Value>, key: string, value: Value | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
