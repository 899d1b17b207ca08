import type { AddressFamily } from '@slash32/shared';
import type { FabricModel } from '../model/fabric-model.ts';
import type { OpenInstance, ResolvedInstance } from '../model/resolved-instance.ts';
import type { AddressAtoms } from './address-atoms.ts';
import { type AddressSet, ALL_ADDRESSES, addressSet } from './address-set.ts';
import { type FlowBox, isEmptyBox, tidyBoxes } from './flow-box.ts';
import {
  type FamilyEnd,
  type FlowEnd,
  type InstanceEnd,
  OUTSIDE,
  type Role,
  type RoleSample,
  type Spot,
} from './flow-end.ts';
import { IntervalSet } from './interval-set.ts';
import { type FlowDirection, PolicyClass } from './policy-class.ts';
import { RemoteTable, siteAddresses } from './remotes.ts';
import type { ServiceSet } from './services.ts';

/** All flows between two ends, in one family: disjoint boxes, at least one. */
export interface FlowEdge {
  readonly source: FlowEnd;
  readonly destination: FlowEnd;
  readonly family: AddressFamily;
  readonly boxes: readonly FlowBox[];
}

export interface EdgeOptions {
  readonly families?: readonly AddressFamily[];
  readonly isWanted?: (source: FlowEnd, destination: FlowEnd) => boolean;
}

const FAMILIES = [4, 6] as const;

/**
 * Who may begin which flows with whom, computed from the resources alone as sets, not by trying packets. It is a
 * snapshot: later changes of the model are not in it.
 *
 * A flow is in it exactly if {@link tracePacket} passes its first packet, sent from an address that is the instance's own or
 * an allowed address pair, with the MAC that goes with it. Not in it, as no groups are asked: traffic of an instance
 * with its own host and gateways, or with itself. An instance without port security may send from any address; only
 * its own are in here.
 *
 * Instances with the same groups share a {@link PolicyClass}; addresses that no remote tells apart share an atom. What passes
 * is computed once per pair of (class, atom), however many instances there are.
 */
export class Reachability {
  /** Names of the open instances, sorted. */
  readonly instances: readonly string[];
  readonly #model: FabricModel;
  readonly #ends = new Map<string, InstanceEnd>();
  readonly #remotes: RemoteTable;
  readonly #atoms: Readonly<Record<AddressFamily, AddressAtoms>>;
  readonly #roles = new Map<string, Role>();
  readonly #spotIds = new Map<string, number>();
  readonly #pairs: Readonly<Record<AddressFamily, Map<number, ServiceSet>>> = { 4: new Map(), 6: new Map() };
  readonly #outside: Readonly<Record<AddressFamily, AddressSet>>;
  readonly #site: Readonly<Record<AddressFamily, AddressSet>>;
  readonly #hostAddresses: Readonly<Record<AddressFamily, AddressSet>>;
  readonly #outsideFlows = new Map<string, readonly { addresses: AddressSet; services: ServiceSet }[]>();

  constructor(model: FabricModel) {
    this.#model = model;
    const all = [...model.instances()];
    const open = all.filter((instance) => instance.state === 'open').sort((a, b) => (a.name < b.name ? -1 : 1));
    this.instances = open.map(({ name }) => name);
    this.#remotes = new RemoteTable(model);
    const classes = new Map<string, PolicyClass>();
    for (const instance of open) {
      const key = PolicyClass.keyOf(instance);
      if (!classes.has(key)) classes.set(key, new PolicyClass(classes.size, instance, model, this.#remotes));
    }
    this.#atoms = { 4: this.#remotes.atoms(4), 6: this.#remotes.atoms(6) };
    this.#site = { 4: siteAddresses(model, 4), 6: siteAddresses(model, 6) };
    this.#outside = { 4: outsideOf(all, 4), 6: outsideOf(all, 6) };
    for (const instance of open) {
      const policy = classes.get(PolicyClass.keyOf(instance));
      if (policy === undefined) continue;
      const families = { 4: this.#familyEnd(instance, policy, 4), 6: this.#familyEnd(instance, policy, 6) };
      this.#ends.set(instance.name, { instance, policy, families, role: this.#roleOf(instance.name, families) });
    }
    const hostAddressesOf = (family: AddressFamily): AddressSet =>
      IntervalSet.unionOf([...this.#ends.values()].map(({ families }) => families[family].hostAddresses));
    this.#hostAddresses = { 4: hostAddressesOf(4), 6: hostAddressesOf(6) };
  }

  /** All addresses that are no instance's, open or closed. */
  outside(family: AddressFamily): AddressSet {
    return this.#outside[family];
  }

  /** Addresses of hosts and gateways that instances have to do with. */
  hostAddresses(family: AddressFamily): AddressSet {
    return this.#hostAddresses[family];
  }

  /** The site: what is translated on the way to anything else, and where `reach: site` ends. */
  site(family: AddressFamily): AddressSet {
    return this.#site[family];
  }

  /** The instance behind an end. `undefined`: {@link OUTSIDE}, closed, or there is none. */
  instance(end: FlowEnd): OpenInstance | undefined {
    return typeof end === 'string' ? this.#ends.get(end)?.instance : undefined;
  }

  /** Own addresses of an end; those of {@link OUTSIDE} are all that are no instance's. Empty if it has none of the family. */
  addresses(end: FlowEnd, family: AddressFamily): AddressSet {
    if (end === OUTSIDE) return this.#outside[family];
    return this.#ends.get(end)?.families[family].own ?? IntervalSet.empty;
  }

  /** What an instance may send from: its own addresses and allowed address pairs; else as {@link addresses}. */
  sourceAddresses(end: FlowEnd, family: AddressFamily): AddressSet {
    const instance = end === OUTSIDE ? undefined : this.#ends.get(end);
    return instance?.families[family].sourceAddresses ?? this.addresses(end, family);
  }

  /** What {@link OUTSIDE}, outside the site, sees as source of an instance's IPv4; `undefined`: its own address. */
  seenSource(end: FlowEnd): string | undefined {
    const instance = this.instance(end);
    if (instance?.egressNat !== 'masquerade') return undefined;
    const host = this.#model.host(instance.host)?.spec;
    return host?.masqueradeAddress ?? host?.address;
  }

  /** All flows from `source` to `destination`, in disjoint boxes. Nothing is known between outside and outside. */
  flows(source: FlowEnd, destination: FlowEnd, family: AddressFamily): readonly FlowBox[] {
    if (source === destination) return [];
    if (source === OUTSIDE) return this.#flowsFromOutside(destination, family);
    if (destination === OUTSIDE) return this.#flowsToOutside(source, family);
    const from = this.#ends.get(source)?.families[family].sources ?? [];
    const to = this.#ends.get(destination)?.families[family].destinations ?? [];
    const boxes: FlowBox[] = [];
    for (const near of from) {
      for (const far of to) {
        const services = this.#pairServices(near, far, family);
        if (!services.isEmpty) boxes.push({ sources: near.addresses, destinations: far.addresses, services });
      }
    }
    return tidyBoxes(boxes);
  }

  /**
   * Every pair of ends with a flow, sources by name, {@link OUTSIDE} last. Costs what there are of them, not what pairs of
   * instances could be. `isWanted`: pairs to leave out at once.
   */
  *edges({ families = FAMILIES, isWanted = () => true }: EdgeOptions = {}): Generator<FlowEdge> {
    const sources: readonly FlowEnd[] = [...this.instances, OUTSIDE];
    for (const source of sources) {
      for (const destination of this.#partners(source)) {
        if (source === destination || !isWanted(source, destination)) continue;
        for (const family of families) {
          const boxes = this.flows(source, destination, family);
          if (boxes.length > 0) yield { source, destination, family, boxes };
        }
      }
    }
  }

  /**
   * Equal for an instance before and after a change if, between it and any other instance of equal signature, nothing
   * changed. (What an end lets pass depends on its rules and on which of their remotes the far address is in.)
   */
  signature(instance: string): string {
    const end = this.#ends.get(instance);
    if (end === undefined) return '';
    const parts = FAMILIES.flatMap((family) => {
      const { sources, destinations } = end.families[family];
      return [...sources, ...destinations].map(
        ({ addresses, atom }) => `${addresses.key} ${[...atom.sets].map((set) => this.#remotes.keys[set]).sort()}`,
      );
    });
    return [end.policy.signature, ...parts].join('\n');
  }

  /** Ends that `source` may have a flow to, itself included: all those of the roles that it has one to. */
  #partners(source: FlowEnd): readonly FlowEnd[] {
    if (source === OUTSIDE) return this.instances;
    const role = this.#ends.get(source)?.role;
    if (role === undefined) return [];
    role.partners ??= [...this.#roles.values()]
      .filter((other) => FAMILIES.some((family) => this.#meet(role.sample, other.sample, family)))
      .flatMap(({ names }) => names)
      .sort();
    return [...role.partners, OUTSIDE];
  }

  #meet(from: RoleSample, to: RoleSample, family: AddressFamily): boolean {
    return from[family].sources.some((near) =>
      to[family].destinations.some((far) => !this.#pairServices(near, far, family).isEmpty),
    );
  }

  #roleOf(name: string, families: RoleSample): Role {
    const key = FAMILIES.map((family) =>
      [families[family].sources, families[family].destinations]
        .map((spots) => spots.map(({ id }) => id).join())
        .join(';'),
    ).join('|');
    const role: Role = this.#roles.get(key) ?? { names: [], sample: families, partners: undefined };
    this.#roles.set(key, role);
    role.names.push(name);
    return role;
  }

  #familyEnd(instance: OpenInstance, policy: PolicyClass, family: AddressFamily): FamilyEnd {
    const own = addressSet(instance.addresses, family);
    const pairs = instance.pairs.map(({ prefix }) => prefix);
    const sourceAddresses = own.union(addressSet(pairs, family));
    const host = this.#model.host(instance.host)?.spec;
    const hostTexts = [host?.address, host?.address6, host?.masqueradeAddress, ...instance.gateways];
    return {
      own,
      sourceAddresses,
      sources: this.#spots(sourceAddresses, policy, family),
      destinations: this.#spots(own, policy, family),
      hostAddresses: addressSet(
        hostTexts.filter((text) => text !== undefined),
        family,
      ),
    };
  }

  #spots(addresses: AddressSet, policy: PolicyClass, family: AddressFamily): readonly Spot[] {
    return this.#atoms[family].split(addresses).map((part) => {
      const key = `${policy.id} ${part.atom.id} ${family}`;
      const id = this.#spotIds.get(key) ?? this.#spotIds.size;
      this.#spotIds.set(key, id);
      return { ...part, policy, id };
    });
  }

  #pairServices(source: Spot, destination: Spot, family: AddressFamily): ServiceSet {
    const key = source.id * this.#spotIds.size + destination.id;
    const known = this.#pairs[family].get(key);
    if (known !== undefined) return known;
    const egress = source.policy.services('egress', family, destination.atom);
    const services = egress.isEmpty
      ? egress
      : egress.intersect(destination.policy.services('ingress', family, source.atom));
    this.#pairs[family].set(key, services);
    return services;
  }

  #flowsFromOutside(destination: FlowEnd, family: AddressFamily): readonly FlowBox[] {
    const end = typeof destination === 'string' ? this.#ends.get(destination) : undefined;
    if (end === undefined) return [];
    const destinations = end.families[family].own;
    const flows = this.#outsideServices(end.policy, 'ingress', family);
    return tidyBoxes(
      flows
        .map(({ addresses: sources, services }) => ({ sources, destinations, services }))
        .filter((box) => !isEmptyBox(box)),
    );
  }

  #flowsToOutside(source: FlowEnd, family: AddressFamily): readonly FlowBox[] {
    const end = typeof source === 'string' ? this.#ends.get(source) : undefined;
    if (end === undefined) return [];
    const { sourceAddresses: sources, hostAddresses } = end.families[family];
    const flows = this.#outsideServices(end.policy, 'egress', family);
    return tidyBoxes(
      flows
        .map(({ addresses, services }) => ({ sources, destinations: addresses.subtract(hostAddresses), services }))
        .filter((box) => !isEmptyBox(box)),
    );
  }

  /** By services, what an end of this class may have to do with the outside. */
  #outsideServices(
    policy: PolicyClass,
    direction: FlowDirection,
    family: AddressFamily,
  ): readonly { readonly addresses: AddressSet; readonly services: ServiceSet }[] {
    const key = `${policy.id} ${direction} ${family}`;
    const known = this.#outsideFlows.get(key);
    if (known !== undefined) return known;
    const byServices = new Map<string, { services: ServiceSet; addresses: AddressSet[] }>();
    if (policy.hasRules(direction, family)) {
      for (const atom of this.#atoms[family].atoms) {
        const services = policy.services(direction, family, atom);
        if (services.isEmpty) continue;
        const entry = byServices.get(services.key) ?? { services, addresses: [] };
        byServices.set(services.key, entry);
        entry.addresses.push(atom.addresses);
      }
    }
    const flows = [...byServices.values()].map(({ services, addresses }) => ({
      services,
      addresses: IntervalSet.unionOf(addresses).intersect(this.#outside[family]),
    }));
    this.#outsideFlows.set(key, flows);
    return flows;
  }
}

function outsideOf(instances: readonly ResolvedInstance[], family: AddressFamily): AddressSet {
  const taken = addressSet(
    instances.flatMap(({ addresses }) => addresses),
    family,
  );
  return ALL_ADDRESSES[family].subtract(taken);
}
