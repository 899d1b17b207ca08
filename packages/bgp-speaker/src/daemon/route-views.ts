import { type BgpRouteStatus, type BgpRoutesView, FabricError, parseIpPrefix } from '@slash32/shared';
import { type PrefixKey, prefixKeyFromText, prefixKeyToText } from '../codec/index.ts';
import { attributeFields, nextHopText, withoutAttributes } from '../observe/route-fields.ts';
import type { Path } from '../rib/path.ts';
import type { Neighbor } from '../session/neighbor.ts';
import { localReason } from './local-reasons.ts';
import { advertisedRoutes, withheldRoutes } from './sent-views.ts';
import type { Speaker } from './speaker.ts';

export interface RoutesQuestion {
  /** A bare address is a host route. */
  readonly prefix?: string;
  readonly view?: BgpRoutesView;
  readonly peer?: string;
}

/** A candidate of a prefix, with what became of it. */
interface Candidate {
  readonly path: Path;
  readonly status: BgpRouteStatus;
}

/** The routes of a stage, or all candidates if none is named. Errors as `speaker.routes` has them. */
export function routesInView(speaker: Speaker, question: RoutesQuestion): readonly BgpRouteStatus[] {
  return [...eachRouteInView(speaker, question)];
}

/** The same one by one; each is looked at when it is asked for. */
export function* eachRouteInView(
  speaker: Speaker,
  { prefix, view, peer }: RoutesQuestion,
): Generator<BgpRouteStatus, void, undefined> {
  const only = prefix === undefined ? undefined : keyOfText(prefix);
  const neighbor = peer === undefined || peer === 'local' ? undefined : findNeighbor(speaker, peer);
  if (view === 'advertised' || view === 'withheld') {
    if (neighbor === undefined) {
      throw new FabricError('bgp.peer-missing', `which router’s ${view} routes? name a peer`);
    }
    yield* view === 'advertised'
      ? advertisedRoutes(speaker, neighbor, only)
      : withheldRoutes(speaker, neighbor, only === undefined ? knownPrefixes(speaker, undefined) : [only]);
    return;
  }
  const keys = only === undefined ? knownPrefixes(speaker, neighbor) : [only];
  const source = neighbor?.settings.name ?? peer;
  for (const key of keys) {
    for (const { path, status } of candidatesOf(speaker, key)) {
      if (source !== undefined && path.source.name !== source) continue;
      switch (view) {
        case undefined:
          yield status;
          break;
        case 'best':
          if (status.best) yield status;
          break;
        case 'accepted':
          if (path.source.type !== 'local' && path.rejection === undefined) yield status;
          break;
        case 'received':
          if (path.source.type !== 'local') yield { ...withoutAttributes(status), ...attributeFields(path.received) };
          break;
      }
    }
  }
}

/** By its name, or its address. `FabricError` `bgp.unknown-peer`. */
export function findNeighbor(speaker: Speaker, peer: string): Neighbor {
  const named = speaker.neighbors.get(peer);
  if (named !== undefined) return named;
  for (const neighbor of speaker.neighbors.values()) if (neighbor.settings.address === peer) return neighbor;
  const called = speaker.dynamicPeers.neighborsOf(peer).map(({ settings }) => settings.name);
  if (speaker.dynamicPeers.isRange(peer)) {
    const remedy = called.length === 0 ? 'none has called yet' : `name one of them: ${called.join(', ')}`;
    throw new FabricError('bgp.unknown-peer', `"${peer}" is a range of routers; ${remedy}`, { details: { peer } });
  }
  const ranges = speaker.dynamicPeers.openRanges().map(({ name }) => name);
  const known = [...speaker.neighbors.keys(), ...ranges].join(', ');
  const hint = known === '' ? 'no BGPPeer selects this host' : `this host has ${known}`;
  throw new FabricError('bgp.unknown-peer', `there is no BGP session with "${peer}"; ${hint}`, { details: { peer } });
}

/** Throws `FabricError` `prefix.invalid`. */
function keyOfText(text: string): PrefixKey {
  parseIpPrefix(text);
  return prefixKeyFromText(text);
}

function knownPrefixes(speaker: Speaker, neighbor: Neighbor | undefined): ReadonlySet<PrefixKey> {
  if (neighbor !== undefined) return new Set(neighbor.adjRibIn.keys());
  const keys = new Set(speaker.locRib.localRoutes.keys());
  for (const { adjRibIn } of speaker.neighbors.values()) for (const key of adjRibIn.keys()) keys.add(key);
  return keys;
}

/** The candidates of one prefix, best first, then the others, then the rejected. */
function candidatesOf(speaker: Speaker, key: PrefixKey): readonly Candidate[] {
  const { paths, reasons } = speaker.locRib.explain(key);
  const installed = speaker.installer.isInstalled(key);
  const failure = speaker.installer.failures.get(key);
  const [best] = paths;
  const entries = [...speaker.neighbors.values()].flatMap(({ adjRibIn }) => adjRibIn.entries(key));
  const candidate = (path: Path, stale: boolean, reason: string): Candidate => {
    const why = path.source.type === 'local' ? localReason(speaker, key, reason) : reason;
    const isBest = path === best;
    const isUsed = paths.includes(path);
    const status: BgpRouteStatus = {
      prefix: prefixKeyToText(key),
      source: path.source.name,
      ...(path.pathId === undefined ? {} : { pathId: path.pathId }),
      nextHop: nextHopText(path.nextHop),
      ...(path.blackhole === undefined ? {} : { blackhole: path.blackhole }),
      ...attributeFields(path.attributes),
      best: isBest,
      installed: isUsed && (path.source.type === 'local' || installed),
      stale,
      reason: isBest && failure !== undefined ? `${why}; kernel: ${failure}` : why,
      ...(path.decidedBy === undefined ? {} : { policy: path.decidedBy }),
    };
    return { path, status };
  };
  const chosen = paths.map((path) =>
    candidate(
      path,
      entries.some((entry) => entry.path === path && entry.stale),
      reasons.get(path) ?? 'best route',
    ),
  );
  const others = entries
    .filter(({ path }) => !paths.includes(path))
    .map(({ path, stale }) =>
      candidate(
        path,
        stale,
        path.rejection === undefined ? (reasons.get(path) ?? 'not chosen') : `rejected: ${path.rejection}`,
      ),
    );
  return [...chosen, ...others];
}
