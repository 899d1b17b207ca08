import type { PrefixKey } from '../codec/index.ts';
import type { Offer } from './adj-rib-out.ts';
import { rankPaths } from './decision-process.ts';
import type { ExportPolicy } from './export-policy.ts';
import type { LocRib } from './loc-rib.ts';

/** How many paths of a prefix a peer is told of; more than the best one takes ADD-PATH (RFC 7911). */
export type PathsToSend = 'best' | 'multipath' | 'all' | number;

/**
 * What a peer is to have for a prefix. `best` and `multipath` are what Loc-RIB chose, as far as it may go to the peer. Of
 * a number, those count that may: what came from the peer itself, or what policy keeps from it, takes nobody's place.
 */
export function offersOf(
  key: PrefixKey,
  toSend: PathsToSend,
  locRib: Pick<LocRib, 'route' | 'usable' | 'localRoutes'>,
  policy: Pick<ExportPolicy, 'offers'>,
): readonly Offer[] {
  if (toSend === 'best') {
    const chosen = locRib.route(key);
    const best = chosen.length > 1 ? chosen.slice(0, 1) : chosen;
    return policy.offers(key, best, best[0]?.source.type === 'local' ? locRib.localRoutes.get(key) : undefined);
  }
  const metric = locRib.localRoutes.get(key);
  if (toSend === 'multipath') return policy.offers(key, locRib.route(key), metric);
  const offers = policy.offers(key, locRib.usable(key), metric);
  if (toSend === 'all' || offers.length <= toSend) return offers;
  const chosen = rankPaths(
    offers.map(({ path }) => path),
    toSend,
  );
  return chosen.flatMap((path) => offers.find((offer) => offer.path === path) ?? []);
}
