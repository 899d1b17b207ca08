import type { AddressFamily, SecurityGroup, SecurityGroupRule } from '@slash32/shared';
import { type Direction, sharedSetName } from '../ir/names.ts';
import type { FabricModel } from '../model/fabric-model.ts';
import { compileGroup, type GroupProgram } from './group-program.ts';
import type { PolicyList } from './policy-list.ts';
import type { ProgramStore } from './program-store.ts';
import type { CounterPlace } from './rule-folder.ts';
import { ServiceSets } from './service-sets.ts';
import { hasMemberPrefixes, isOf, referenceId, type SetReference, sharedSet } from './shared-sets.ts';
import { INET_TABLE } from './tables.ts';

const DIRECTIONS: readonly Direction[] = ['egress', 'ingress'];
const FAMILIES: readonly AddressFamily[] = [4, 6];
const NOTHING: GroupProgram = { sets: [], rules: { flow: [], packet: [] }, references: [], serviceSets: [] };

/** Where a group's rules are counted. */
export interface GroupCounterPlaces {
  readonly group: SecurityGroup;
  readonly counted: boolean;
  /** Of every rule, if it is counted. */
  readonly counterPlaces: ReadonlyMap<SecurityGroupRule, CounterPlace>;
}

interface ActiveList {
  readonly list: PolicyList;
  /** Instances. */
  readonly users: Set<string>;
}

interface ActiveGroup {
  readonly lists: Set<ActiveList>;
  readonly programs: Record<Direction, GroupProgram>;
}

interface ActiveReference {
  readonly reference: SetReference;
  /** Group → its directions that look the set up. */
  readonly users: Map<string, Set<Direction>>;
}

/**
 * Lists, groups' own sets, and the sets that groups share: in the program as long as something uses them. Endpoints use lists,
 * lists use groups, groups use the members of other groups and address groups.
 */
export class PolicyObjects {
  readonly #store: ProgramStore;
  readonly #model: FabricModel;
  readonly #lists = new Map<string, ActiveList>();
  readonly #groups = new Map<string, ActiveGroup>();
  readonly #references = new Map<string, ActiveReference>();
  #countedByDefault: boolean;
  readonly #serviceSets: ServiceSets;
  readonly #mostSingleRemotes: number | undefined;
  /** Groups that came into use since `beginUpdate`: compiled from the model as it is now. */
  readonly #current = new Set<string>();

  constructor(store: ProgramStore, model: FabricModel, mostSingleRemotes?: number) {
    this.#store = store;
    this.#model = model;
    this.#countedByDefault = model.configuration().policyCounters;
    this.#mostSingleRemotes = mostSingleRemotes;
    this.#serviceSets = new ServiceSets(store, model);
  }

  /** The model may have changed since the last calls. */
  beginUpdate(): void {
    this.#current.clear();
  }

  useList(list: PolicyList, instance: string): void {
    const known = this.#lists.get(list.id);
    if (known !== undefined) {
      known.users.add(instance);
      return;
    }
    const active: ActiveList = { list, users: new Set([instance]) };
    this.#lists.set(list.id, active);
    for (const group of list.key.groups) this.#useGroup(group, active);
    for (const direction of DIRECTIONS) this.#putChain(list, direction);
  }

  dropList(list: PolicyList, instance: string): void {
    const active = this.#lists.get(list.id);
    active?.users.delete(instance);
    if (active === undefined || active.users.size > 0) return;
    this.#lists.delete(list.id);
    for (const direction of DIRECTIONS) this.#store.deleteChain(INET_TABLE, list.chainName(direction));
    for (const group of active.list.key.groups) this.#dropGroup(group, active);
  }

  /** The group's rules differ. */
  groupChanged(name: string): void {
    if (!this.#current.has(name)) this.#recompileBoth(name);
  }

  configurationChanged(): void {
    const { policyCounters } = this.#model.configuration();
    if (policyCounters === this.#countedByDefault) return;
    this.#countedByDefault = policyCounters;
    for (const name of this.#groups.keys()) {
      if (this.#model.securityGroup(name)?.spec.counters === undefined) this.#recompileBoth(name);
    }
  }

  /** `undefined`: no list uses the group. */
  ruleCounters(name: string): GroupCounterPlaces | undefined {
    const group = this.#groups.has(name) ? this.#model.securityGroup(name) : undefined;
    if (group === undefined) return undefined;
    const counterPlaces = new Map<SecurityGroupRule, CounterPlace>();
    if (!this.#isCounted(group)) return { group, counted: false, counterPlaces };
    for (const direction of DIRECTIONS) this.#compile(group, direction, counterPlaces);
    return { group, counted: true, counterPlaces };
  }

  /** `members`: addresses and prefixes that may have come or gone. */
  membershipChanged(group: string, members: ReadonlySet<string>): void {
    const present = this.#model.membersOf(group);
    for (const family of FAMILIES) {
      this.#serviceSets.membersChanged(group, family, members);
      const isListed = this.#references.has(referenceId({ kind: 'members', name: group, family }));
      const set = sharedSetName('members', group, family);
      let prefixesDiffer = false;
      for (const member of members) {
        if (!isOf(family, member)) continue;
        if (member.includes('/')) prefixesDiffer = true;
        else if (!isListed) continue;
        else if (present.addresses.has(member)) this.#store.putElement(INET_TABLE, set, member, '');
        else this.#store.deleteElement(INET_TABLE, set, member);
      }
      if (prefixesDiffer) this.#memberPrefixesChanged(group, family);
    }
  }

  addressGroupChanged(name: string): void {
    for (const family of FAMILIES) {
      const active = this.#references.get(referenceId({ kind: 'address-group', name, family }));
      if (active !== undefined) this.#fill(active.reference);
    }
  }

  /** The sets that belong to an active list's groups. */
  setsOf(list: PolicyList, direction: Direction): string[] {
    return list.key.groups.flatMap((group) => {
      const { sets, serviceSets } = this.#programOf(group, direction);
      return [...sets, ...serviceSets].map(({ name }) => name);
    });
  }

  #putChain(list: PolicyList, direction: Direction): void {
    this.#store.putChain(
      INET_TABLE,
      list.chain(direction, (group) => this.#programOf(group, direction)),
    );
  }

  #programOf(group: string, direction: Direction): GroupProgram {
    return this.#groups.get(group)?.programs[direction] ?? NOTHING;
  }

  #useGroup(name: string, list: ActiveList): void {
    const known = this.#groups.get(name);
    if (known !== undefined) {
      known.lists.add(list);
      return;
    }
    const active: ActiveGroup = { lists: new Set(), programs: { egress: NOTHING, ingress: NOTHING } };
    this.#groups.set(name, active);
    this.#current.add(name);
    for (const direction of DIRECTIONS) this.#recompile(name, active, direction);
    active.lists.add(list);
  }

  #dropGroup(name: string, list: ActiveList): void {
    const active = this.#groups.get(name);
    active?.lists.delete(list);
    if (active === undefined || active.lists.size > 0) return;
    this.#groups.delete(name);
    for (const direction of DIRECTIONS) {
      const program = active.programs[direction];
      for (const set of program.sets) this.#store.deleteSet(INET_TABLE, set.name);
      for (const set of program.serviceSets) this.#serviceSets.drop(set.name);
      for (const reference of program.references) this.#dropReference(reference, name, direction);
    }
  }

  #recompileBoth(name: string): void {
    const active = this.#groups.get(name);
    if (active !== undefined) for (const direction of DIRECTIONS) this.#recompile(name, active, direction);
  }

  /** A group that vanished closes its instances; until they are gone from the program, too, it allows nothing. */
  #recompile(name: string, active: ActiveGroup, direction: Direction): void {
    const group = this.#model.securityGroup(name);
    const before = active.programs[direction];
    const program = group === undefined ? NOTHING : this.#compile(group, direction);
    active.programs[direction] = program;
    for (const reference of program.references) this.#useReference(reference, name, direction);
    for (const set of program.sets) this.#store.replaceSet(INET_TABLE, set);
    for (const set of program.serviceSets) this.#serviceSets.put(set);
    for (const { list } of active.lists) this.#putChain(list, direction);
    const kept = new Set([...program.sets, ...program.serviceSets].map((set) => set.name));
    for (const set of before.sets) if (!kept.has(set.name)) this.#store.deleteSet(INET_TABLE, set.name);
    for (const set of before.serviceSets) if (!kept.has(set.name)) this.#serviceSets.drop(set.name);
    const referred = new Set(program.references.map(referenceId));
    for (const reference of before.references) {
      if (!referred.has(referenceId(reference))) this.#dropReference(reference, name, direction);
    }
  }

  #compile(
    group: SecurityGroup,
    direction: Direction,
    counterPlaces?: Map<SecurityGroupRule, CounterPlace>,
  ): GroupProgram {
    return compileGroup(group, direction, {
      hasPrefixes: (other, family) => hasMemberPrefixes(this.#model, other, family),
      counted: this.#isCounted(group),
      ...(this.#mostSingleRemotes === undefined ? {} : { mostSingleRemotes: this.#mostSingleRemotes }),
      ...(counterPlaces === undefined ? {} : { counterPlaces }),
    });
  }

  #isCounted({ spec }: SecurityGroup): boolean {
    return spec.counters ?? this.#countedByDefault;
  }

  #useReference(reference: SetReference, group: string, direction: Direction): void {
    const id = referenceId(reference);
    const known = this.#references.get(id);
    const active: ActiveReference = known ?? { reference, users: new Map() };
    const directions = active.users.get(group) ?? new Set();
    active.users.set(group, directions.add(direction));
    if (known !== undefined) return;
    this.#references.set(id, active);
    this.#fill(reference);
  }

  #dropReference(reference: SetReference, group: string, direction: Direction): void {
    const id = referenceId(reference);
    const active = this.#references.get(id);
    const directions = active?.users.get(group);
    directions?.delete(direction);
    if (directions?.size === 0) active?.users.delete(group);
    if (active === undefined || active.users.size > 0) return;
    this.#references.delete(id);
    this.#store.deleteSet(INET_TABLE, sharedSetName(reference.kind, reference.name, reference.family));
  }

  /** The set of prefixes is there while it is not empty, so its first and last ones change the rules that look it up. */
  #memberPrefixesChanged(name: string, family: AddressFamily): void {
    const reference: SetReference = { kind: 'member-prefixes', name, family };
    const isThere = this.#references.has(referenceId(reference));
    if (isThere === hasMemberPrefixes(this.#model, name, family)) {
      if (isThere) this.#fill(reference);
      return;
    }
    const users = this.#references.get(referenceId({ kind: 'members', name, family }))?.users ?? [];
    const recompile = [...users].flatMap(([group, directions]) =>
      [...directions].map((direction) => ({ group, direction })),
    );
    for (const { group, direction } of [...recompile, ...this.#serviceSets.following(name, family)]) {
      const active = this.#groups.get(group);
      if (active !== undefined) this.#recompile(group, active, direction);
    }
  }

  #fill(reference: SetReference): void {
    this.#store.replaceSet(INET_TABLE, sharedSet(reference, this.#model));
  }
}
