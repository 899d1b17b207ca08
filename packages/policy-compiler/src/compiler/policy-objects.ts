import { type AddressFamily, type NftSet, parseIpPrefix } from '@slash32/shared';
import { prefixElement } from '../ir/element-text.ts';
import { maximalPrefixes } from '../ir/maximal-prefixes.ts';
import {
  addressGroupSetName,
  type Direction,
  groupChainName,
  memberPrefixSetName,
  memberSetName,
} from '../ir/names.ts';
import type { FabricModel } from '../model/fabric-model.ts';
import { compileGroup, type GroupProgram, type SetReference } from './group-program.ts';
import type { PolicyList } from './policy-list.ts';
import type { ProgramStore } from './program-store.ts';
import { INET_TABLE } from './tables.ts';

const DIRECTIONS: readonly Direction[] = ['egress', 'ingress'];
const ADDRESS_TYPE: Readonly<Record<AddressFamily, string>> = { 4: 'ipv4_addr', 6: 'ipv6_addr' };

interface ActiveGroup {
  readonly lists: Set<string>;
  programs: ReadonlyMap<Direction, GroupProgram>;
  stateful: boolean;
}

/**
 * Lists, groups and the sets that groups share: in the program as long as something uses them. Endpoints use lists,
 * lists use groups, groups use the members of other groups and address groups.
 */
export class PolicyObjects {
  readonly #store: ProgramStore;
  readonly #model: FabricModel;
  readonly #lists = new Map<string, { readonly list: PolicyList; readonly users: Set<string> }>();
  readonly #groups = new Map<string, ActiveGroup>();
  /** Set reference → groups and directions that look it up. */
  readonly #references = new Map<string, { readonly reference: SetReference; readonly users: Set<string> }>();

  constructor(store: ProgramStore, model: FabricModel) {
    this.#store = store;
    this.#model = model;
  }

  useList(list: PolicyList, instance: string): void {
    const known = this.#lists.get(list.id);
    if (known !== undefined) {
      known.users.add(instance);
      return;
    }
    this.#lists.set(list.id, { list, users: new Set([instance]) });
    for (const group of list.key.groups) this.#useGroup(group, list.id);
    for (const chain of list.chains()) this.#store.putChain(INET_TABLE, chain);
  }

  dropList(list: PolicyList, instance: string): void {
    const known = this.#lists.get(list.id);
    known?.users.delete(instance);
    if (known === undefined || known.users.size > 0) return;
    this.#lists.delete(list.id);
    for (const direction of DIRECTIONS) this.#store.deleteChain(INET_TABLE, list.chainName(direction));
    for (const group of list.key.groups) this.#dropGroup(group, list.id);
  }

  /** The group's rules differ. */
  groupChanged(name: string): void {
    const active = this.#groups.get(name);
    if (active !== undefined) this.#compile(name, active);
  }

  /** `members`: addresses and prefixes that may have come or gone. */
  membershipChanged(group: string, members: ReadonlySet<string>): void {
    const present = this.#model.membersOf(group);
    for (const family of [4, 6] as const) {
      const reference: SetReference = { kind: 'members', name: group, family };
      if (!this.#references.has(referenceId(reference))) continue;
      const set = memberSetName(group, family);
      let prefixesDiffer = false;
      for (const member of members) {
        if (member.includes(':') !== (family === 6)) continue;
        if (member.includes('/')) prefixesDiffer = true;
        else if (present.addresses.has(member)) this.#store.putElement(INET_TABLE, set, member, '');
        else this.#store.deleteElement(INET_TABLE, set, member);
      }
      if (prefixesDiffer) this.#store.replaceSet(INET_TABLE, this.#memberPrefixSet(group, family));
    }
  }

  addressGroupChanged(name: string): void {
    for (const family of [4, 6] as const) {
      const reference: SetReference = { kind: 'address-group', name, family };
      if (this.#references.has(referenceId(reference))) this.#fill(reference);
    }
  }

  /** Chains of a list's groups and the sets that belong to these groups, by direction. */
  groupObjects(list: PolicyList, direction: Direction): { chains: string[]; sets: string[] } {
    const chains: string[] = [];
    const sets: string[] = [];
    for (const group of list.key.groups) {
      chains.push(groupChainName(list.mode, direction, group));
      for (const set of this.#groups.get(group)?.programs.get(direction)?.sets ?? []) sets.push(set.name);
    }
    return { chains, sets };
  }

  #useGroup(name: string, list: string): void {
    const known = this.#groups.get(name);
    if (known !== undefined) {
      known.lists.add(list);
      return;
    }
    const active: ActiveGroup = { lists: new Set([list]), programs: new Map(), stateful: true };
    this.#groups.set(name, active);
    this.#compile(name, active);
  }

  #dropGroup(name: string, list: string): void {
    const active = this.#groups.get(name);
    active?.lists.delete(list);
    if (active === undefined || active.lists.size > 0) return;
    this.#groups.delete(name);
    for (const direction of DIRECTIONS) {
      this.#store.deleteChain(INET_TABLE, groupChainName(active.stateful ? 'flow' : 'packet', direction, name));
      const program = active.programs.get(direction);
      for (const set of program?.sets ?? []) this.#store.deleteSet(INET_TABLE, set.name);
      for (const reference of program?.references ?? []) this.#dropReference(reference, `${direction} ${name}`);
    }
  }

  #compile(name: string, active: ActiveGroup): void {
    const group = this.#model.securityGroup(name);
    // A group that vanished closes its instances; until they are gone from the program, too, it allows nothing.
    const stateful = group?.spec.stateful ?? active.stateful;
    const programs = new Map<Direction, GroupProgram>();
    for (const direction of DIRECTIONS) {
      const program = group === undefined ? NOTHING : compileGroup(group, direction);
      const before = active.programs.get(direction) ?? NOTHING;
      programs.set(direction, program);
      if (stateful !== active.stateful) {
        this.#store.deleteChain(INET_TABLE, groupChainName(active.stateful ? 'flow' : 'packet', direction, name));
      }
      const user = `${direction} ${name}`;
      for (const reference of program.references) this.#useReference(reference, user);
      for (const set of program.sets) this.#store.replaceSet(INET_TABLE, set);
      const mode = stateful ? 'flow' : 'packet';
      this.#store.putChain(INET_TABLE, { name: groupChainName(mode, direction, name), rules: program.rules[mode] });
      const kept = new Set(program.sets.map((set) => set.name));
      for (const set of before.sets) if (!kept.has(set.name)) this.#store.deleteSet(INET_TABLE, set.name);
      const referred = new Set(program.references.map(referenceId));
      for (const reference of before.references) {
        if (!referred.has(referenceId(reference))) this.#dropReference(reference, user);
      }
    }
    active.programs = programs;
    active.stateful = stateful;
  }

  #useReference(reference: SetReference, user: string): void {
    const id = referenceId(reference);
    const known = this.#references.get(id);
    if (known !== undefined) {
      known.users.add(user);
      return;
    }
    this.#references.set(id, { reference, users: new Set([user]) });
    this.#fill(reference);
  }

  #dropReference(reference: SetReference, user: string): void {
    const id = referenceId(reference);
    const known = this.#references.get(id);
    known?.users.delete(user);
    if (known === undefined || known.users.size > 0) return;
    this.#references.delete(id);
    const { kind, name, family } = reference;
    if (kind === 'members') {
      this.#store.deleteSet(INET_TABLE, memberSetName(name, family));
      this.#store.deleteSet(INET_TABLE, memberPrefixSetName(name, family));
    } else {
      this.#store.deleteSet(INET_TABLE, addressGroupSetName(name, family));
    }
  }

  #fill({ kind, name, family }: SetReference): void {
    if (kind === 'address-group') {
      this.#store.replaceSet(INET_TABLE, {
        name: addressGroupSetName(name, family),
        type: ADDRESS_TYPE[family],
        interval: true,
        elements: prefixElements(this.#model.addressGroup(name)?.spec.cidrs ?? [], family),
      });
      return;
    }
    this.#store.replaceSet(INET_TABLE, {
      name: memberSetName(name, family),
      type: ADDRESS_TYPE[family],
      interval: false,
      elements: new Map(
        [...this.#model.membersOf(name).addresses.keys()]
          .filter((address) => address.includes(':') === (family === 6))
          .map((address) => [address, '']),
      ),
    });
    this.#store.replaceSet(INET_TABLE, this.#memberPrefixSet(name, family));
  }

  #memberPrefixSet(group: string, family: AddressFamily): NftSet {
    return {
      name: memberPrefixSetName(group, family),
      type: ADDRESS_TYPE[family],
      interval: true,
      elements: prefixElements(this.#model.membersOf(group).prefixes.keys(), family),
    };
  }
}

const NOTHING: GroupProgram = { sets: [], rules: { flow: [], packet: [] }, references: [] };

function referenceId({ kind, name, family }: SetReference): string {
  return `${kind} ${name} ${family}`;
}

function prefixElements(cidrs: Iterable<string>, family: AddressFamily): Map<string, string> {
  const prefixes = [...cidrs].map(parseIpPrefix).filter((prefix) => prefix.family === family);
  return new Map(maximalPrefixes(prefixes).map((prefix) => [prefixElement(prefix), '']));
}
