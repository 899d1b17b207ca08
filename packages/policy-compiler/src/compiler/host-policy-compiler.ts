import type { NftChain, NftChange, NftRuleset, NftTableId } from '@slash32/shared';
import { orderChanges, type TableDifference } from '../diff/order-changes.ts';
import { rulesetDifferences } from '../diff/ruleset-diff.ts';
import { NAMES } from '../ir/names.ts';
import type { FabricModel } from '../model/fabric-model.ts';
import type { ModelSubscription } from '../model/model-changes.ts';
import type { OpenInstance } from '../model/resolved-instance.ts';
import { type BaseNeeds, BaseProgram, type HostFacts } from './base-program.ts';
import { DROP_LOG_SETS, dropLogObjects } from './drop-log.ts';
import { type EndpointElement, endpointElements, STATELESS_SETS } from './endpoint-elements.ts';
import { generationOf, nextGeneration } from './generation.ts';
import { PolicyList } from './policy-list.ts';
import { type GroupCounterPlaces, PolicyObjects } from './policy-objects.ts';
import { ProgramStore } from './program-store.ts';
import { mayRevoke } from './revocation.ts';
import { INET_TABLE, POLICY_TABLES } from './tables.ts';
import { TapMatch } from './tap-match.ts';

export { generationOf } from './generation.ts';
export type { GroupCounterPlaces } from './policy-objects.ts';
export type { CounterPlace } from './rule-folder.ts';
export { INET_TABLE, POLICY_TABLES } from './tables.ts';

/** What to send to the kernel, as one transaction. */
export interface PolicyUpdate {
  /** Ordered; empty: nothing to do. */
  readonly changes: readonly NftChange[];
  /** The policy generation after the update, 1–4,194,303. */
  readonly generation: number;
  /** True if the update may take something away: flows that passed before are judged again, from their next packet on. */
  readonly revokes: boolean;
  /** `NAMESPACE/NAME` of the endpoints whose elements differ from those of the update before. */
  readonly endpoints: ReadonlySet<string>;
}

/** Where an endpoint is in the program, for `policy show`. */
export interface EndpointObjects {
  /** Egress, ingress; shared with all endpoints of the same groups and reach. */
  readonly chains: readonly { readonly table: NftTableId; readonly name: string }[];
  /** Its elements, then all elements of its groups' own sets. */
  readonly elements: readonly { readonly table: NftTableId; readonly set: string; readonly keys: readonly string[] }[];
}

export interface HostPolicyCompilerOptions {
  /**
   * Generation to begin with where the kernel has none, 1–4,194,303; 1 if left out. Connection marks may have
   * outlived the table that made them, so one that was not used lately (a random one) is best.
   */
  readonly initialGeneration?: number;
  /**
   * Up to so many remote groups of one group, direction and family have a lookup each; the members of more are looked
   * up with the services that the rules allow them, all at once. 16 if left out.
   */
  readonly mostSingleRemotes?: number;
}

interface Endpoint {
  readonly list: PolicyList;
  /** That log its drops. */
  readonly logChains: readonly { readonly table: NftTableId; readonly chain: NftChain }[];
  readonly elements: ReadonlyMap<string, EndpointElement>;
}

const NO_LOG: ReturnType<typeof dropLogObjects> = { elements: [], chains: [] };

interface EndpointUpdate {
  readonly name: string;
  readonly before: Endpoint | undefined;
  readonly after: Endpoint | undefined;
}

/**
 * Compiles the policy of one host. Open instances on `host` become endpoints, whether their taps exist or not: nft
 * matches interfaces by name. All others are closed, as everything is that no endpoint claims.
 *
 * Life cycle: `reconcile(what the kernel has)` once the datastore is in sync, `flush()` after each batch of changes to
 * the model. Both assume that their changes are applied before the next call; when a transaction failed, or when the
 * kernel was changed by somebody else, call `reconcile` with what the kernel has now.
 */
export class HostPolicyCompiler implements Disposable {
  readonly host: string;
  readonly #model: FabricModel;
  readonly #subscription: ModelSubscription;
  readonly #store = new ProgramStore(POLICY_TABLES);
  readonly #base = new BaseProgram(this.#store);
  readonly #objects: PolicyObjects;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #excluded = new Set<string>();
  readonly #toggled = new Set<string>();
  #statelessEndpoints = 0;
  #loggedEndpoints = 0;
  #generation: number;
  #reconciled = false;

  constructor(model: FabricModel, host: string, options: HostPolicyCompilerOptions = {}) {
    this.host = host;
    this.#model = model;
    this.#subscription = model.subscribe();
    this.#objects = new PolicyObjects(this.#store, model, options.mostSingleRemotes);
    this.#generation = options.initialGeneration ?? 1;
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
  }

  /** Of the program that the kernel is to have, 1–4,194,303. */
  get generation(): number {
    return this.#generation;
  }

  /** True if `flush` may have something to send. */
  get pending(): boolean {
    return this.#subscription.pending || this.#toggled.size > 0;
  }

  /** What changed since the last `flush` or `reconcile`. Before the first `reconcile`: everything, for an empty kernel. */
  flush(): PolicyUpdate {
    if (!this.#reconciled) return this.reconcile(new Map());
    const endpoints = this.#update();
    const differences = this.#store.differences();
    if (!mayRevoke(differences)) return this.#finish(differences, false, endpoints);
    this.#setGeneration(nextGeneration(this.#generation));
    return this.#finish(this.#store.differences(), true, endpoints);
  }

  /** From `actual` to the whole desired state. Keeps the kernel's generation unless something is to be revoked. */
  reconcile(actual: NftRuleset): PolicyUpdate {
    const endpoints = this.#update();
    const kernelGeneration = generationOf(actual);
    if (kernelGeneration !== undefined) this.#setGeneration(kernelGeneration);
    else this.#setGeneration(this.#reconciled ? nextGeneration(this.#generation) : this.#generation);
    this.#reconciled = true;
    const differences = rulesetDifferences(actual, this.#store.ruleset());
    if (kernelGeneration === undefined || !mayRevoke(differences)) return this.#finish(differences, false, endpoints);
    this.#setGeneration(nextGeneration(kernelGeneration));
    return this.#finish(rulesetDifferences(actual, this.#store.ruleset()), true, endpoints);
  }

  /** The whole desired state, as of the last `flush` or `reconcile`. */
  ruleset(): NftRuleset {
    return this.#store.ruleset();
  }

  /** Leaves an instance out of the program (its tap is closed) until `include`; takes effect with the next flush. */
  exclude(instance: string): void {
    this.#excluded.add(instance);
    this.#toggled.add(instance);
  }

  include(instance: string): void {
    if (this.#excluded.delete(instance)) this.#toggled.add(instance);
  }

  /** True if the instance is an endpoint of the program as of the last `flush` or `reconcile`. */
  isProgrammed(instance: string): boolean {
    return this.#endpoints.has(instance);
  }

  /** `undefined`: it is no endpoint of the program. */
  endpointObjects(instance: string): EndpointObjects | undefined {
    const endpoint = this.#endpoints.get(instance);
    if (endpoint === undefined) return undefined;
    const chains: { table: NftTableId; name: string }[] = [];
    const elements = new Map<string, { table: NftTableId; set: string; keys: string[] }>();
    for (const { table, set, key, data } of endpoint.elements.values()) {
      const entry = elements.get(`${table} ${set}`) ?? { table, set, keys: [] };
      entry.keys.push(data === '' ? key : `${key} : ${data}`);
      elements.set(`${table} ${set}`, entry);
    }
    for (const direction of ['egress', 'ingress'] as const) {
      chains.push({ table: INET_TABLE, name: endpoint.list.chainName(direction) });
      for (const set of this.#objects.setsOf(endpoint.list, direction)) {
        elements.set(`${INET_TABLE} ${set}`, {
          table: INET_TABLE,
          set,
          keys: [...this.#store.elements(INET_TABLE, set).keys()],
        });
      }
    }
    return { chains, elements: [...elements.values()] };
  }

  /** Where a group's rules are counted. `undefined`: no endpoint of this host has the group. */
  ruleCounters(group: string): GroupCounterPlaces | undefined {
    return this.#objects.ruleCounters(group);
  }

  /** Brings the store in line with the model; returns the endpoints whose elements differ. */
  #update(): ReadonlySet<string> {
    const changes = this.#subscription.take();
    this.#objects.beginUpdate();
    const differing = new Set<string>();
    const updates: EndpointUpdate[] = [];
    for (const name of new Set([...changes.instances, ...this.#toggled])) {
      const update = this.#prepareEndpoint(name);
      if (update.before !== undefined || update.after !== undefined) updates.push(update);
    }
    this.#toggled.clear();
    // An interface may pass from one endpoint to another: all go before any come.
    for (const update of updates) if (this.#withdraw(update)) differing.add(update.name);
    for (const update of updates) if (this.#announce(update)) differing.add(update.name);
    for (const group of changes.securityGroups) this.#objects.groupChanged(group);
    for (const [group, members] of changes.memberships) this.#objects.membershipChanged(group, members);
    for (const group of changes.addressGroups) this.#objects.addressGroupChanged(group);
    if (changes.fabric) {
      this.#base.updateSite(this.#model.sitePrefixes());
      this.#objects.configurationChanged();
    }
    if (changes.hosts.size > 0) this.#base.updateHosts(this.#model.hostAddresses());
    const needs: BaseNeeds = {
      withStateless: this.#statelessEndpoints > 0,
      withLog: this.#loggedEndpoints > 0,
      withTranslation: this.#store.elements(INET_TABLE, NAMES.masqueraded).size > 0,
    };
    if (this.#base.isNews(needs) || changes.fabric || changes.hosts.has(this.host)) {
      const { interfacePrefixes, hostServices } = this.#model.configuration();
      const { address, masqueradeAddress = address } = this.#model.host(this.host)?.spec ?? {};
      const facts: HostFacts = {
        taps: new TapMatch(interfacePrefixes),
        translated: masqueradeAddress,
        services: hostServices,
      };
      this.#base.updateChains(facts, this.#generation, needs);
    }
    return differing;
  }

  #prepareEndpoint(name: string): EndpointUpdate {
    const before = this.#endpoints.get(name);
    const instance = this.#openInstance(name);
    if (instance === undefined) return { name, before, after: undefined };
    const list = new PolicyList(instance);
    const { logDrops } = instance;
    const log = logDrops === undefined ? NO_LOG : dropLogObjects(name, instance.interface, logDrops);
    const elements = new Map(
      [...endpointElements(instance, list.verdicts()), ...log.elements].map((element) => [
        `${element.table} ${element.set} ${element.key}`,
        element,
      ]),
    );
    return { name, before, after: { list, elements, logChains: log.chains } };
  }

  /** Takes out what the endpoint no longer has. True if that is anything. */
  #withdraw({ before, after }: EndpointUpdate): boolean {
    if (before?.list.mode === 'packet') this.#statelessEndpoints -= 1;
    if ((before?.logChains.length ?? 0) > 0) this.#loggedEndpoints -= 1;
    let differs = false;
    for (const [id, { table, set, key }] of before?.elements ?? []) {
      if (after?.elements.has(id) === true) continue;
      this.#store.deleteElement(table, set, key);
      differs = true;
    }
    return differs;
  }

  /** Puts in what the endpoint has. True if that is anything new. */
  #announce({ name, before, after }: EndpointUpdate): boolean {
    if (after?.list.mode === 'packet') {
      this.#statelessEndpoints += 1;
      for (const set of STATELESS_SETS) this.#store.ensureSet(INET_TABLE, set);
    }
    if (after !== undefined && after.logChains.length > 0) {
      this.#loggedEndpoints += 1;
      for (const { table, set } of DROP_LOG_SETS) this.#store.ensureSet(table, set);
    }
    const logChains = new Set(after?.logChains.map(({ table, chain }) => `${table} ${chain.name}`));
    for (const { table, chain } of before?.logChains ?? []) {
      if (!logChains.has(`${table} ${chain.name}`)) this.#store.deleteChain(table, chain.name);
    }
    for (const { table, chain } of after?.logChains ?? []) this.#store.putChain(table, chain);
    if (after === undefined) this.#endpoints.delete(name);
    else {
      this.#endpoints.set(name, after);
      this.#objects.useList(after.list, name);
    }
    if (before !== undefined && before.list.id !== after?.list.id) this.#objects.dropList(before.list, name);
    let differs = false;
    for (const [id, { table, set, key, data }] of after?.elements ?? []) {
      if (before?.elements.get(id)?.data === data) continue;
      this.#store.putElement(table, set, key, data);
      differs = true;
    }
    return differs;
  }

  #openInstance(name: string): OpenInstance | undefined {
    const instance = this.#model.instance(name);
    if (instance?.state !== 'open' || instance.host !== this.host || this.#excluded.has(name)) return undefined;
    return instance;
  }

  #setGeneration(generation: number): void {
    this.#generation = generation;
    this.#base.setGeneration(generation);
  }

  #finish(differences: readonly TableDifference[], revokes: boolean, endpoints: ReadonlySet<string>): PolicyUpdate {
    const changes = orderChanges(differences);
    this.#store.forgetChanges();
    return { changes, generation: this.#generation, revokes, endpoints };
  }
}
