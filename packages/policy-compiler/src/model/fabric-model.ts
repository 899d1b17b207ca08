import {
  type AddressGroup,
  type FabricConfiguration,
  type Host,
  type IpPrefix,
  type Network,
  parseIpPrefix,
  type Resource,
  type ResourceFinding,
  type ResourceKey,
  type SecurityGroup,
} from '@slash32/shared';
import { maximalPrefixes } from '../ir/maximal-prefixes.ts';
import { type Claim, ClaimIndex } from './claim-index.ts';
import { groupFindings } from './group-findings.ts';
import { type InstanceRecord, instanceKey } from './instance-record.ts';
import { type GroupMembers, MembershipIndex } from './membership-index.ts';
import { ChangeCollector, type ModelSubscription } from './model-changes.ts';
import {
  closedInstance,
  factsIdentity,
  type InstanceFacts,
  openInstance,
  type Resolution,
  type ResolutionContext,
  resolveInstance,
} from './resolve-instance.ts';
import type { OpenInstance, ResolvedInstance } from './resolved-instance.ts';
import { compareText } from './resource-name.ts';
import { ResourceStore } from './resource-store.ts';
import { SharedValues } from './shared-values.ts';

export type { GroupMembers } from './membership-index.ts';

/**
 * All resources, resolved against each other. The state depends on the present resources only, not on the order in
 * which they came, and a change costs what it affects.
 *
 * Claims: an interface of a host, a MAC address on a host and an address belong to one Instance. If several claim one,
 * the older has it by `metadata.creationTimestamp` (without one: the youngest), then the lowest `NAMESPACE/NAME`; the
 * others are closed. An instance that is wrong in itself (unknown network, address outside its pools, …) claims nothing,
 * so it cannot take anything away from a sound one; one that merely lost another claim still does, so no decision
 * depends on another.
 *
 * Resolution is lazy: `put` and `delete` note which instances to look at again, the next read resolves them once. What is
 * kept of an instance is little, and resolved instances are made when somebody asks: there are as many as in the cloud.
 */
export class FabricModel {
  readonly #dirty = new Set<string>();
  readonly #resolutions = new Map<string, Resolution>();
  readonly #facts = new SharedValues<InstanceFacts>(factsIdentity);
  /** Of instances that are sound in themselves: claims that others have. */
  readonly #lost = new Map<string, readonly ResourceFinding[]>();
  readonly #claims = new ClaimIndex((left, right) => this.#compareRank(left, right));
  readonly #members = new MembershipIndex();
  readonly #subscriptions = new Set<ChangeCollector>();
  #sitePrefixes: readonly IpPrefix[] | undefined;

  readonly #store = new ResourceStore({
    instance: (name) => this.#dirty.add(name),
    securityGroup: (name) => this.#publish((subscription) => subscription.securityGroup(name)),
    addressGroup: (name) => this.#publish((subscription) => subscription.addressGroup(name)),
    host: (name) => this.#publish((subscription) => subscription.host(name)),
    fabric: () => {
      this.#sitePrefixes = undefined;
      this.#publish((subscription) => subscription.fabric());
    },
  });

  put(resource: Resource): void {
    this.#store.put(resource);
  }

  /** Returns false if there was none. */
  delete(key: ResourceKey): boolean {
    return this.#store.delete(key);
  }

  subscribe(): ModelSubscription {
    this.#settle();
    const collector = new ChangeCollector();
    collector.fabric();
    for (const name of this.#store.hosts.keys()) collector.host(name);
    for (const name of this.#store.securityGroups.keys()) collector.securityGroup(name);
    for (const name of this.#store.addressGroups.keys()) collector.addressGroup(name);
    for (const name of this.#resolutions.keys()) collector.instance(name);
    this.#members.each((group, member) => collector.membership(group, member));
    this.#subscriptions.add(collector);
    const settle = (): void => this.#settle();
    const subscriptions = this.#subscriptions;
    return {
      get pending(): boolean {
        settle();
        return !collector.empty;
      },
      take() {
        settle();
        return collector.take();
      },
      [Symbol.dispose]() {
        subscriptions.delete(collector);
      },
    };
  }

  /** `name`: `NAMESPACE/NAME`. */
  instance(name: string): ResolvedInstance | undefined {
    this.#settle();
    return this.#resolved(name);
  }

  *instances(): Generator<ResolvedInstance> {
    this.#settle();
    for (const [name, resolution] of this.#resolutions) yield resolvedInstance(resolution, this.#lost.get(name));
  }

  /** Open and closed ones whose `spec.host` is this. */
  instancesOn(host: string): readonly ResolvedInstance[] {
    this.#settle();
    return [...this.#store.instancesByHost.get(host)].flatMap((name) => this.#resolved(name) ?? []);
  }

  /** The open instance that owns this address (canonical text). */
  instanceByAddress(address: string): OpenInstance | undefined {
    this.#settle();
    const holder = this.#claims.holder({ what: 'address', scope: '', value: address });
    return holder === undefined ? undefined : openOrNothing(this.#resolved(holder));
  }

  host(name: string): Host | undefined {
    return this.#store.hosts.get(name);
  }

  /** Of all Hosts, in order of their names: canonical texts. */
  hostAddresses(): readonly string[] {
    return this.#store.hostAddresses();
  }

  /** A Host has this address (canonical text). */
  isHostAddress(address: string): boolean {
    return this.#store.hostWithAddress(address) !== undefined;
  }

  network(name: string): Network | undefined {
    return this.#store.networks.get(name);
  }

  /** `NAMESPACE/NAME`. */
  securityGroup(name: string): SecurityGroup | undefined {
    return this.#store.securityGroups.get(name);
  }

  /** `NAMESPACE/NAME`. */
  addressGroup(name: string): AddressGroup | undefined {
    return this.#store.addressGroups.get(name);
  }

  /** `NAMESPACE/NAME`. A view that later changes alter. */
  membersOf(group: string): GroupMembers {
    this.#settle();
    return this.#members.membersOf(group);
  }

  /** Of the FabricConfiguration, or its defaults while there is none. */
  configuration(): FabricConfiguration['spec'] {
    return this.#store.configuration;
  }

  /** The site: `siteCidrs` and the pools of all Networks; none contained in another. */
  sitePrefixes(): readonly IpPrefix[] {
    this.#sitePrefixes ??= maximalPrefixes(
      [
        ...this.#store.configuration.siteCidrs,
        ...[...this.#store.networks.values()].flatMap((network) => network.spec.pools.map((pool) => pool.cidr)),
      ].map(parseIpPrefix),
    );
    return this.#sitePrefixes;
  }

  /** Everything that keeps a resource from taking effect, sorted by resource, path and code. */
  findings(): readonly ResourceFinding[] {
    this.#settle();
    const findings: ResourceFinding[] = [];
    for (const resolution of this.#resolutions.values()) findings.push(...resolution.findings);
    for (const lost of this.#lost.values()) findings.push(...lost);
    for (const group of this.#store.securityGroups.values()) findings.push(...groupFindings(group, this));
    return findings.sort(
      (left, right) =>
        compareText(left.resource, right.resource) ||
        compareText(left.path ?? '', right.path ?? '') ||
        compareText(left.code, right.code),
    );
  }

  /** Resolves what was marked: first each by itself, then the claims that this touches. */
  #settle(): void {
    if (this.#dirty.size === 0) return;
    const store = this.#store;
    const context: ResolutionContext = {
      interfacePrefixes: store.configuration.interfacePrefixes,
      host: (name) => store.hosts.get(name),
      network: (name) => store.networks.get(name),
      securityGroup: (name) => store.securityGroups.get(name),
      hostWithAddress: (address) => store.hostWithAddress(address),
      networkWithGateway: (address) => store.networkWithGateway(address),
    };
    const touched = new Set(this.#dirty);
    const before = new Map<string, Resolution>();
    for (const name of this.#dirty) {
      const had = this.#resolutions.get(name);
      if (had !== undefined) before.set(name, had);
      const record = store.instances.get(name);
      const has = record === undefined ? undefined : this.#shared(resolveInstance(record, context));
      if (has === undefined) this.#resolutions.delete(name);
      else this.#resolutions.set(name, has);
      for (const other of this.#claims.replace(name, claimsOf(had), claimsOf(has))) touched.add(other);
    }
    for (const name of touched)
      this.#replace(name, this.#dirty.has(name) ? before.get(name) : this.#resolutions.get(name));
    this.#dirty.clear();
    for (const { facts } of before.values()) if (facts !== undefined) this.#facts.giveBack(facts);
  }

  #shared({ record, facts, findings }: Resolution): Resolution {
    return { record, facts: facts === undefined ? undefined : this.#facts.take(facts), findings };
  }

  #resolved(name: string): ResolvedInstance | undefined {
    const resolution = this.#resolutions.get(name);
    return resolution === undefined ? undefined : resolvedInstance(resolution, this.#lost.get(name));
  }

  /** Decides an instance's claims; tells what came out different. `had`: its resolution before. */
  #replace(name: string, had: Resolution | undefined): void {
    const before = had === undefined ? undefined : resolvedInstance(had, this.#lost.get(name));
    const has = this.#resolutions.get(name);
    const lost = has === undefined ? [] : this.#lostClaims(has);
    if (lost.length === 0) this.#lost.delete(name);
    else this.#lost.set(name, lost);
    const after = has === undefined ? undefined : resolvedInstance(has, this.#lost.get(name));
    if (before === undefined && after === undefined) return;
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(after)) return;
    this.#publish((subscription) => subscription.instance(name));
    this.#members.replace(openOrNothing(before), openOrNothing(after), (group, member) =>
      this.#publish((subscription) => subscription.membership(group, member)),
    );
  }

  #lostClaims(resolution: Resolution): ResourceFinding[] {
    const lost: ResourceFinding[] = [];
    for (const claim of claimsOf(resolution)) {
      const holder = this.#claims.holder(claim);
      if (holder !== undefined && holder !== resolution.record.name) {
        lost.push(lostClaim(resolution.record, claim, holder));
      }
    }
    return lost;
  }

  #publish(tell: (subscription: ChangeCollector) => void): void {
    for (const subscription of this.#subscriptions) tell(subscription);
  }

  #compareRank(left: string, right: string): number {
    return compareText(this.#createdAt(left), this.#createdAt(right)) || compareText(left, right);
  }

  /** Canonical timestamps sort as text. */
  #createdAt(name: string): string {
    return this.#store.instances.get(name)?.createdAt ?? AFTER_ALL_TIMESTAMPS;
  }
}

/** Sorts after every timestamp, which starts with a digit. */
const AFTER_ALL_TIMESTAMPS = '~';

/** Of one that is wrong in itself: none. */
function claimsOf(resolution: Resolution | undefined): Claim[] {
  if (resolution?.facts === undefined) return [];
  const { host, interface: tap, mac, addresses } = resolution.record;
  return [
    { what: 'interface', scope: host, value: tap },
    { what: 'mac', scope: host, value: mac },
    ...addresses.map((value): Claim => ({ what: 'address', scope: '', value })),
  ];
}

function lostClaim(record: InstanceRecord, claim: Claim, holder: string): ResourceFinding {
  const where = claim.scope === '' ? '' : ` on Host ${claim.scope}`;
  const path =
    claim.what === 'address' ? `spec.addresses[${record.addresses.indexOf(claim.value)}]` : `spec.${claim.what}`;
  return {
    code: `instance.duplicate-${claim.what}`,
    resource: instanceKey(record),
    path,
    severity: 'error',
    message: `Instance ${record.name}: ${claim.what} ${claim.value}${where} belongs to Instance ${holder}; choose another or delete one of the two`,
  };
}

function resolvedInstance(
  { record, facts, findings }: Resolution,
  lost: readonly ResourceFinding[] | undefined,
): ResolvedInstance {
  if (facts !== undefined && lost === undefined) return openInstance(record, facts);
  return closedInstance(record, lost === undefined ? findings : [...findings, ...lost]);
}

function openOrNothing(instance: ResolvedInstance | undefined): OpenInstance | undefined {
  return instance?.state === 'open' ? instance : undefined;
}
