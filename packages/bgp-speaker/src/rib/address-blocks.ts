import { type PrefixKey, prefixKeyLength, shortenedPrefixKey } from '../codec/index.ts';

/** What the agent's routes have where nobody says otherwise: policies see a block as a route of an instance. */
const METRIC = { 4: 0, 6: 1024 } as const;

/** For policies that look at metrics. The kernel's route of a block has another one, which means nothing to them. */
export function blockMetric(key: PrefixKey): number {
  return METRIC[typeof key === 'number' ? 4 : 6];
}

/**
 * The address blocks of this host that are announced as a whole; a route of an instance in one is not announced beside it
 * unless it says something else. No block is in another.
 */
export class AddressBlocks {
  readonly #keys: ReadonlySet<PrefixKey>;
  readonly #ipv4Lengths: readonly number[];
  readonly #ipv6Lengths: readonly number[];

  constructor(keys: Iterable<PrefixKey>) {
    this.#keys = new Set(keys);
    const lengths = (family: 'number' | 'string') => [
      ...new Set([...this.#keys].filter((key) => typeof key === family).map(prefixKeyLength)),
    ];
    this.#ipv4Lengths = lengths('number');
    this.#ipv6Lengths = lengths('string');
  }

  get size(): number {
    return this.#keys.size;
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  keys(): Iterable<PrefixKey> {
    return this.#keys;
  }

  has(key: PrefixKey): boolean {
    return this.#keys.has(key);
  }

  /** The block that the prefix is in and is not itself. Costs a look-up per different length of blocks. */
  blockOf(key: PrefixKey): PrefixKey | undefined {
    const length = prefixKeyLength(key);
    for (const shorter of typeof key === 'number' ? this.#ipv4Lengths : this.#ipv6Lengths) {
      if (shorter >= length) continue;
      const block = shortenedPrefixKey(key, shorter);
      if (this.#keys.has(block)) return block;
    }
    return undefined;
  }
}

export const NO_BLOCKS: AddressBlocks = new AddressBlocks([]);

/**
 * Local routes in the order in which a change of blocks is told: blocks first, so that what they stand for is withdrawn
 * behind them; and last once more, so that one that goes is withdrawn behind what it stood for.
 */
export function inTellingOrder(
  localRoutes: ReadonlyMap<PrefixKey, number>,
  blocks: AddressBlocks,
): Iterable<readonly [PrefixKey, number]> {
  // Without a generator in between: a host may have 100,000.
  return blocks.isEmpty ? localRoutes : around(localRoutes, blocks);
}

function* around(
  localRoutes: ReadonlyMap<PrefixKey, number>,
  blocks: AddressBlocks,
): Generator<readonly [PrefixKey, number], void, undefined> {
  for (const key of blocks.keys()) yield [key, blockMetric(key)];
  yield* localRoutes;
  for (const key of blocks.keys()) yield [key, blockMetric(key)];
}
