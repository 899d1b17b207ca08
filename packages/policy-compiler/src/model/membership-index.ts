import type { OpenInstance } from './resolved-instance.ts';

/** The addresses of a group's open members; values say how many members contribute each. */
export interface GroupMembers {
  /** Canonical addresses: the members' own, and allowed address pairs of one address. */
  readonly addresses: ReadonlyMap<string, number>;
  /** Canonical prefixes (length written) of allowed address pairs wider than one address. */
  readonly prefixes: ReadonlyMap<string, number>;
}

const NO_MEMBERS: GroupMembers = { addresses: new Map(), prefixes: new Map() };

/** Group → addresses of its members, on all hosts. */
export class MembershipIndex {
  readonly #groups = new Map<string, { addresses: Map<string, number>; prefixes: Map<string, number> }>();

  membersOf(group: string): GroupMembers {
    return this.#groups.get(group) ?? NO_MEMBERS;
  }

  each(tell: (group: string, member: string) => void): void {
    for (const [group, { addresses, prefixes }] of this.#groups) {
      for (const address of addresses.keys()) tell(group, address);
      for (const prefix of prefixes.keys()) tell(group, prefix);
    }
  }

  /** Calls `onChange` for each member address that appears in or vanishes from a group. */
  replace(
    before: OpenInstance | undefined,
    after: OpenInstance | undefined,
    onChange: (group: string, member: string) => void,
  ): void {
    // Added first, so that what stays never drops to zero in between.
    if (after !== undefined) this.#count(after, 1, onChange);
    if (before !== undefined) this.#count(before, -1, onChange);
  }

  #count(instance: OpenInstance, step: 1 | -1, onChange: (group: string, member: string) => void): void {
    const addresses = new Set(instance.addresses);
    const prefixes = new Set<string>();
    for (const pair of instance.pairs) {
      const address = addressOfHostPrefix(pair.prefix);
      if (address === undefined) prefixes.add(pair.prefix);
      else addresses.add(address);
    }
    for (const group of instance.groups) {
      const members = this.#groups.get(group) ?? { addresses: new Map(), prefixes: new Map() };
      this.#groups.set(group, members);
      for (const address of addresses) if (countStep(members.addresses, address, step)) onChange(group, address);
      for (const prefix of prefixes) if (countStep(members.prefixes, prefix, step)) onChange(group, prefix);
      if (members.addresses.size === 0 && members.prefixes.size === 0) this.#groups.delete(group);
    }
  }
}

/** True if the entry appeared or vanished. */
function countStep(counts: Map<string, number>, entry: string, step: 1 | -1): boolean {
  const before = counts.get(entry) ?? 0;
  const after = before + step;
  if (after === 0) counts.delete(entry);
  else counts.set(entry, after);
  return (before === 0) !== (after === 0);
}

/** The address of a /32 or /128 in canonical text; `undefined` for shorter prefixes. */
export function addressOfHostPrefix(prefix: string): string | undefined {
  const slash = prefix.indexOf('/');
  const address = prefix.slice(0, slash);
  return prefix.slice(slash + 1) === (address.includes(':') ? '128' : '32') ? address : undefined;
}
