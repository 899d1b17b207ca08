import { MultiMap } from './multi-map.ts';

/** What only one instance can have. `scope` is the host for interfaces and MACs, empty for addresses. */
export interface Claim {
  readonly what: 'interface' | 'mac' | 'address';
  readonly scope: string;
  readonly value: string;
}

/**
 * Who claims what, and who has it: the claimant of lowest rank. Ranks are a function of the resource alone, so the
 * winner is one of the present claims, not of their history.
 */
export class ClaimIndex {
  /** Scope → value → claimants: so the texts are the instances' own. */
  readonly #claimants: Readonly<Record<Claim['what'], Map<string, MultiMap<string, string>>>> = {
    interface: new Map(),
    mac: new Map(),
    address: new Map(),
  };
  readonly #compare: (left: string, right: string) => number;

  /** `compare` orders instance names by rank. */
  constructor(compare: (left: string, right: string) => number) {
    this.#compare = compare;
  }

  /** Replaces the claims of an instance; returns the other instances whose claims this may decide anew. */
  replace(instance: string, before: readonly Claim[], after: readonly Claim[]): ReadonlySet<string> {
    const affected = new Set<string>();
    for (const { what, scope, value } of before) {
      const ofScope = this.#claimants[what].get(scope);
      ofScope?.remove(value, instance);
      for (const other of ofScope?.get(value) ?? []) affected.add(other);
      if (ofScope?.empty === true) this.#claimants[what].delete(scope);
    }
    for (const { what, scope, value } of after) {
      const ofScope = this.#claimants[what].get(scope) ?? new MultiMap();
      this.#claimants[what].set(scope, ofScope);
      for (const other of ofScope.get(value)) affected.add(other);
      ofScope.add(value, instance);
    }
    affected.delete(instance);
    return affected;
  }

  /** The instance that has it; `undefined` if nobody claims it. */
  holder({ what, scope, value }: Claim): string | undefined {
    let holder: string | undefined;
    for (const claimant of this.#claimants[what].get(scope)?.get(value) ?? []) {
      if (holder === undefined || this.#compare(claimant, holder) < 0) holder = claimant;
    }
    return holder;
  }
}
