import {
  type AddressGroup,
  type FabricConfiguration,
  type Host,
  type Instance,
  type IpPrefix,
  keyOf,
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
import { type GroupMembers, MembershipIndex } from './membership-index.ts';
import { ChangeCollector, type ModelSubscription } from './model-changes.ts';
import { compareText, nameOf, type Resolution, type ResolutionContext, resolveInstance } from './resolve-instance.ts';
import type { OpenInstance, ResolvedInstance } from './resolved-instance.ts';
import { ResourceStore } from './resource-store.ts';

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
 * Resolution is lazy: `put` and `delete` note which instances to look at again, the next read resolves them once.
 */
export class FabricModel {
  readonly #dirty = new Set<string>();
  readonly #resolutions = new Map<string, Resolution>();
  readonly #resolved = new Map<string, ResolvedInstance>();
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
    const everyMember = new MembershipIndex();
    for (const [name, instance] of this.#resolved) {
      collector.instance(name);
      everyMember.replace(undefined, openOrNothing(instance), (group, member) => collector.membership(group, member));
    }
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
    return this.#resolved.get(name);
  }

  instances(): Iterable<ResolvedInstance> {
    this.#settle();
    return this.#resolved.values();
  }

  /** Open and closed ones whose `spec.host` is this. */
  instancesOn(host: string): readonly ResolvedInstance[] {
    this.#settle();
    return [...this.#store.instancesByHost.get(host)].flatMap((name) => this.#resolved.get(name) ?? []);
  }

  /** The open instance that owns this address (canonical text). */
  instanceByAddress(address: string): OpenInstance | undefined {
    this.#settle();
    const holder = this.#claims.holder({ what: 'address', scope: '', value: address });
    return holder === undefined ? undefined : openOrNothing(this.#resolved.get(holder));
  }

  host(name: string): Host | undefined {
    return this.#store.hosts.get(name);
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
    for (const [name, resolution] of this.#resolutions) {
      const resolved = this.#resolved.get(name);
      findings.push(...(resolved?.state === 'closed' ? resolved.findings : resolution.findings));
    }
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
    for (const name of this.#dirty) {
      const known = store.instances.get(name);
      const resolution = known === undefined ? undefined : resolveInstance(known, context);
      if (resolution === undefined) this.#resolutions.delete(name);
      else this.#resolutions.set(name, resolution);
      const claims = resolution?.open === undefined ? [] : claimsOf(resolution.open);
      for (const other of this.#claims.replace(name, claims)) touched.add(other);
    }
    this.#dirty.clear();
    for (const name of touched) this.#replace(name, this.#decide(name));
  }

  #decide(name: string): ResolvedInstance | undefined {
    const instance = this.#store.instances.get(name);
    const resolution = this.#resolutions.get(name);
    if (instance === undefined || resolution === undefined) return undefined;
    const lost: ResourceFinding[] = [];
    for (const claim of this.#claims.claimsOf(name)) {
      const holder = this.#claims.holder(claim);
      if (holder !== undefined && holder !== name) lost.push(lostClaim(instance, claim, holder));
    }
    if (resolution.open !== undefined && lost.length === 0) return resolution.open;
    return closedInstance(instance, [...resolution.findings, ...lost]);
  }

  #replace(name: string, after: ResolvedInstance | undefined): void {
    const before = this.#resolved.get(name);
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    if (after === undefined) this.#resolved.delete(name);
    else this.#resolved.set(name, after);
    this.#publish((subscription) => subscription.instance(name));
    this.#members.replace(openOrNothing(before), openOrNothing(after), (group, member) =>
      this.#publish((subscription) => subscription.membership(group, member)),
    );
  }

  #publish(tell: (subscription: ChangeCollector) => void): void {
    for (const subscription of this.#subscriptions) tell(subscription);
  }

  #compareRank(left: string, right: string): number {
    return compareText(this.#createdAt(left), this.#createdAt(right)) || compareText(left, right);
  }

  /** Canonical timestamps sort as text. */
  #createdAt(name: string): string {
    return this.#store.instances.get(name)?.metadata.creationTimestamp ?? AFTER_ALL_TIMESTAMPS;
  }
}

/** Sorts after every timestamp, which starts with a digit. */
const AFTER_ALL_TIMESTAMPS = '~';

function claimsOf(instance: OpenInstance): Claim[] {
  return [
    { what: 'interface', scope: instance.host, value: instance.interface },
    { what: 'mac', scope: instance.host, value: instance.mac },
    ...instance.addresses.map((value): Claim => ({ what: 'address', scope: '', value })),
  ];
}

function lostClaim(instance: Instance, claim: Claim, holder: string): ResourceFinding {
  const where = claim.scope === '' ? '' : ` on Host ${claim.scope}`;
  const path =
    claim.what === 'address' ? `spec.addresses[${instance.spec.addresses.indexOf(claim.value)}]` : `spec.${claim.what}`;
  return {
    code: `instance.duplicate-${claim.what}`,
    resource: keyOf(instance),
    path,
    severity: 'error',
    message: `Instance ${nameOf(instance)}: ${claim.what} ${claim.value}${where} belongs to Instance ${holder}; choose another or delete one of the two`,
  };
}

function closedInstance(instance: Instance, findings: readonly ResourceFinding[]): ResolvedInstance {
  const { spec } = instance;
  return {
    state: 'closed',
    name: nameOf(instance),
    key: keyOf(instance),
    host: spec.host,
    interface: spec.interface,
    mac: spec.mac,
    addresses: spec.addresses,
    findings,
    reason: findings
      .filter((finding) => finding.severity === 'error')
      .map((finding) => finding.message)
      .join('; '),
  };
}

function openOrNothing(instance: ResolvedInstance | undefined): OpenInstance | undefined {
  return instance?.state === 'open' ? instance : undefined;
}
