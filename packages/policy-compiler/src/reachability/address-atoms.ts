import { ADDRESS_BITS, type AddressFamily } from '@slash32/shared';
import { type AddressSet, ALL_ADDRESSES } from './address-set.ts';
import { compare, type Interval, IntervalSet } from './interval-set.ts';

/** Addresses that no remote tells apart. */
export interface AddressAtom {
  readonly id: number;
  /** Indexes of the sets that contain it. */
  readonly sets: ReadonlySet<number>;
  readonly addresses: AddressSet;
}

/**
 * The address space, cut into the classes of addresses that are in the same ones of the given sets. What rules say of
 * one address of an atom they say of all. Made in one sweep over the ends of all intervals; there are at most as many
 * atoms as ends, and in practice as many as there are combinations.
 */
export class AddressAtoms {
  readonly atoms: readonly AddressAtom[];
  readonly #starts: bigint[] = [];
  readonly #atomAt: AddressAtom[] = [];

  constructor(family: AddressFamily, sets: readonly AddressSet[]) {
    const ends = sets.flatMap((set, index) =>
      set.intervals.flatMap(({ first, last }) => [
        { at: first, index, enters: true },
        { at: last + 1n, index, enters: false },
      ]),
    );
    ends.sort((left, right) => compare(left.at, right.at));
    const byKey = new Map<string, { id: number; sets: ReadonlySet<number>; intervals: Interval[] }>();
    const segments: { start: bigint; key: string }[] = [];
    const active = new Set<number>();
    const close = (start: bigint, last: bigint): void => {
      const key = [...active].sort((left, right) => left - right).join();
      const atom = byKey.get(key) ?? { id: byKey.size, sets: new Set(active), intervals: [] };
      byKey.set(key, atom);
      atom.intervals.push({ first: start, last });
      segments.push({ start, key });
    };
    let start = 0n;
    for (const { at, index, enters } of ends) {
      if (at > start) {
        close(start, at - 1n);
        start = at;
      }
      if (enters) active.add(index);
      else active.delete(index);
    }
    const end = 1n << BigInt(ADDRESS_BITS[family]);
    if (start < end) close(start, end - 1n);
    const atoms = new Map<string, AddressAtom>();
    for (const [key, { id, sets: members, intervals }] of byKey) {
      const addresses = intervals.length === segments.length ? ALL_ADDRESSES[family] : IntervalSet.of(intervals);
      atoms.set(key, { id, sets: members, addresses });
    }
    this.atoms = [...atoms.values()];
    for (const { start: from, key } of segments) {
      const atom = atoms.get(key);
      if (atom === undefined) continue;
      this.#starts.push(from);
      this.#atomAt.push(atom);
    }
  }

  atomOf(address: bigint): AddressAtom {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0n) <= address) low = middle;
      else high = middle - 1;
    }
    const atom = this.#atomAt[low];
    if (atom === undefined) throw new RangeError(`${address} is no address`);
    return atom;
  }

  /** The parts of a set by atom, together the whole set. */
  split(addresses: AddressSet): readonly { readonly atom: AddressAtom; readonly addresses: AddressSet }[] {
    const [only, ...others] = addresses.intervals;
    if (only === undefined) return [];
    if (others.length === 0 && only.first === only.last) return [{ atom: this.atomOf(only.first), addresses }];
    return this.atoms
      .map((atom) => ({ atom, addresses: atom.addresses.intersect(addresses) }))
      .filter((part) => !part.addresses.isEmpty);
  }
}
