import { type BgpFamily, hasErrorCode } from '@slash32/shared';
import {
  type CodecContext,
  type NextHop,
  type NlriBlock,
  type PathAttributes,
  type PrefixKey,
  packUpdates,
  packWithdrawals,
  prefixKeyFamily,
  type ReachableNlri,
} from '../codec/index.ts';
import type { RouteMark } from './route-marks.ts';

/** What a route is to be reported with. */
export interface ReportedRoute {
  readonly attributes: PathAttributes;
  readonly nextHop: NextHop;
}

/** A block in the making. */
interface Collected {
  readonly prefixes: PrefixKey[];
  readonly pathIds: number[];
}

type ByFamily = Map<BgpFamily, Collected>;

/** UPDATEs for these routes as they are now: those that are gone, then those that there are, grouped by attributes. */
export function* routeUpdates(
  marks: readonly RouteMark[],
  routeOf: (key: PrefixKey, pathId: number | undefined) => ReportedRoute | undefined,
  encoding: CodecContext,
): Generator<Uint8Array, void, undefined> {
  const gone: ByFamily = new Map();
  const present = new Map<PathAttributes, Map<NextHop, ByFamily>>();
  for (const [key, pathId] of marks) {
    const route = routeOf(key, pathId);
    collect(route === undefined ? gone : groupOf(present, route), key, pathId);
  }
  for (const [family, collected] of gone) yield* packWithdrawals(blockOf(family, collected, encoding), encoding);
  for (const [attributes, byNextHop] of present) {
    for (const [nextHop, byFamily] of byNextHop) {
      for (const [family, collected] of byFamily) {
        yield* packForCollector({ ...blockOf(family, collected, encoding), nextHop }, attributes, encoding);
      }
    }
  }
}

function groupOf(
  groups: Map<PathAttributes, Map<NextHop, ByFamily>>,
  { attributes, nextHop }: ReportedRoute,
): ByFamily {
  const byNextHop = groups.get(attributes) ?? new Map<NextHop, ByFamily>();
  groups.set(attributes, byNextHop);
  const byFamily = byNextHop.get(nextHop) ?? new Map<BgpFamily, Collected>();
  byNextHop.set(nextHop, byFamily);
  return byFamily;
}

function collect(group: ByFamily, key: PrefixKey, pathId: number | undefined): void {
  const family = prefixKeyFamily(key);
  const collected = group.get(family) ?? { prefixes: [], pathIds: [] };
  group.set(family, collected);
  collected.prefixes.push(key);
  // A route that graceful restart keeps may be of a session without ADD-PATH.
  collected.pathIds.push(pathId ?? 0);
}

function blockOf(family: BgpFamily, { prefixes, pathIds }: Collected, { addPathSend }: CodecContext): NlriBlock {
  return addPathSend.has(family) ? { family, prefixes, pathIds } : { family, prefixes };
}

/** Collectors may not know of extended messages: they get them only for attributes that fit no other. */
function* packForCollector(
  reachable: ReachableNlri,
  attributes: PathAttributes,
  encoding: CodecContext,
): Generator<Uint8Array, void, undefined> {
  try {
    yield* packUpdates(reachable, attributes, encoding);
  } catch (error) {
    if (!hasErrorCode(error, 'bgp.encode.message-too-long')) throw error;
    yield* packUpdates(reachable, attributes, { ...encoding, extendedMessages: true });
  }
}
