import type { KernelNextHop } from '@slash32/linux';
import type { Path } from '../rib/path.ts';
import { type LinkOf, learnedNextHops, nextHopsText } from './learned-route.ts';

/**
 * Next hops of kernel routes, one array for each different set: a table of 100,000 prefixes has few of them, and equal
 * ones are identical. They stay for good; there are no more than combinations of routers that were seen.
 */
export class NextHopSets {
  readonly #linkOf: LinkOf;
  readonly #sets = new Map<string, readonly KernelNextHop[]>();
  /** What the latest paths came to; most prefixes of a batch share them. */
  #latest: { readonly paths: readonly Path[]; readonly nextHops: ReturnType<typeof learnedNextHops> } | undefined;

  constructor(linkOf: LinkOf) {
    this.#linkOf = linkOf;
  }

  /** As {@link learnedNextHops}, interned. */
  of(paths: readonly Path[]): ReturnType<typeof learnedNextHops> {
    if (this.#latest?.paths === paths) return this.#latest.nextHops;
    const wanted = learnedNextHops(paths, this.#linkOf);
    const nextHops = wanted === undefined || wanted === 'undecided' ? wanted : this.intern(wanted);
    this.#latest = { paths, nextHops };
    return nextHops;
  }

  /** Links may have changed since: nothing is taken for known. */
  forgetLatest(): void {
    this.#latest = undefined;
  }

  intern(nextHops: readonly KernelNextHop[]): readonly KernelNextHop[] {
    const text = nextHopsText(nextHops);
    const known = this.#sets.get(text);
    if (known !== undefined) return known;
    this.#sets.set(text, nextHops);
    return nextHops;
  }
}
