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
  readonly #claimants = new MultiMap<string, string>();
  readonly #claims = new Map<string, readonly Claim[]>();
  readonly #compare: (left: string, right: string) => number;

  /** `compare` orders instance names by rank. */
  constructor(compare: (left: string, right: string) => number) {
    this.#compare = compare;
  }

  /** Replaces the claims of an instance; returns the other instances whose claims this may decide anew. */
  replace(instance: string, claims: readonly Claim[]): ReadonlySet<string> {
    const affected = new Set<string>();
    for (const claim of this.#claims.get(instance) ?? []) {
      const id = idOf(claim);
      this.#claimants.remove(id, instance);
      for (const other of this.#claimants.get(id)) affected.add(other);
    }
    if (claims.length === 0) this.#claims.delete(instance);
    else this.#claims.set(instance, claims);
    for (const claim of claims) {
      const id = idOf(claim);
      for (const other of this.#claimants.get(id)) affected.add(other);
      this.#claimants.add(id, instance);
    }
    affected.delete(instance);
    return affected;
  }

  claimsOf(instance: string): readonly Claim[] {
    return this.#claims.get(instance) ?? [];
  }

  /** The instance that has it; `undefined` if nobody claims it. */
  holder(claim: Claim): string | undefined {
    let holder: string | undefined;
    for (const claimant of this.#claimants.get(idOf(claim))) {
      if (holder === undefined || this.#compare(claimant, holder) < 0) holder = claimant;
    }
    return holder;
  }
}

function idOf(claim: Claim): string {
  return `${claim.what} ${claim.scope} ${claim.value}`;
}
