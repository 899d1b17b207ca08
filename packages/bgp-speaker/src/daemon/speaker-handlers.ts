import {
  type BgpFamily,
  type BgpRouteStatus,
  type ControlHandlers,
  parseIpPrefix,
  type SpeakerMethods,
  type SpeakerStatus,
} from '@slash32/shared';
import {
  formatAsPath,
  formatCommunity,
  formatLargeCommunity,
  type PrefixKey,
  prefixKeyFamily,
  prefixKeyFromText,
  prefixKeyToText,
} from '../codec/index.ts';
import type { Path } from '../rib/path.ts';
import type { Neighbor } from '../session/neighbor.ts';
import type { Speaker } from './speaker.ts';

/** What the answers are made from. */
export interface SpeakerFacts {
  readonly speaker: Speaker;
  /** Everything of the status that the speaker itself does not know. */
  process(): Pick<SpeakerStatus, 'host' | 'version' | 'pid' | 'uptimeSeconds' | 'datastore' | 'problems'>;
}

/** Answers to all methods of the speaker's control socket. */
export function speakerHandlers(facts: SpeakerFacts): ControlHandlers<SpeakerMethods> {
  const { speaker } = facts;
  return {
    'speaker.status': () => speakerStatus(facts),
    'speaker.neighbors': () =>
      [...speaker.neighbors.values()].map((neighbor) =>
        neighbor.status((family) => bestPaths(speaker, neighbor, family)),
      ),
    'speaker.routes': ({ prefix }) =>
      prefix === undefined
        ? [...knownPrefixes(speaker)].flatMap((key) => routesOf(speaker, key))
        : routesOf(speaker, keyOfText(prefix)),
  };
}

function speakerStatus({ speaker, process }: SpeakerFacts): SpeakerStatus {
  const { asNumber, routerId } = speaker.plan;
  const neighbors = [...speaker.neighbors.values()];
  return {
    ...process(),
    findings: speaker.findings(),
    ...(asNumber === undefined ? {} : { asNumber }),
    ...(routerId === undefined ? {} : { routerId }),
    sessions: {
      configured: neighbors.length,
      established: neighbors.filter(({ state }) => state === 'Established').length,
    },
    localRoutes: speaker.localRoutes,
    learnedRoutes: speaker.locRib.learned,
    installedRoutes: speaker.installer.installedRoutes,
  };
}

/** A bare address is a host route. Throws `FabricError` `prefix.invalid`. */
function keyOfText(text: string): PrefixKey {
  parseIpPrefix(text);
  return prefixKeyFromText(text);
}

/** Prefixes in Loc-RIB that a neighbor's path forwards for. */
function bestPaths(speaker: Speaker, neighbor: Neighbor, family: BgpFamily): number {
  let count = 0;
  for (const [key, paths] of speaker.locRib.routes()) {
    if (prefixKeyFamily(key) !== family) continue;
    if (paths.some((path) => path.source.name === neighbor.settings.name)) count += 1;
  }
  return count;
}

function knownPrefixes(speaker: Speaker): ReadonlySet<PrefixKey> {
  const keys = new Set(speaker.locRib.localPrefixes);
  for (const neighbor of speaker.neighbors.values()) for (const key of neighbor.adjRibIn.keys()) keys.add(key);
  return keys;
}

/** The candidates of one prefix, best first, then the others, then the rejected. */
function routesOf(speaker: Speaker, key: PrefixKey): readonly BgpRouteStatus[] {
  const { paths, reasons } = speaker.locRib.explain(key);
  const installed = speaker.installer.isInstalled(key);
  const [best] = paths;
  const entries = new Map<string, { readonly path: Path; readonly stale: boolean }>();
  for (const neighbor of speaker.neighbors.values()) {
    const entry = neighbor.adjRibIn.entry(key);
    if (entry !== undefined) entries.set(neighbor.settings.name, entry);
  }
  const statuses: BgpRouteStatus[] = [];
  const add = (path: Path, stale: boolean, reason: string): void => {
    const used = paths.includes(path);
    const local = path.source.type === 'local';
    statuses.push(
      routeStatus(key, path, { best: path === best, installed: used && (local || installed), stale, reason }),
    );
  };
  for (const path of paths) {
    add(path, entries.get(path.source.name)?.stale ?? false, reasons.get(path) ?? 'best route');
  }
  for (const { path, stale } of entries.values()) {
    if (paths.includes(path)) continue;
    add(
      path,
      stale,
      path.rejection === undefined ? (reasons.get(path) ?? 'not chosen') : `rejected: ${path.rejection}`,
    );
  }
  const failure = speaker.installer.failures.get(key);
  if (failure === undefined) return statuses;
  return statuses.map((status) =>
    status.best ? { ...status, reason: `${status.reason}; kernel: ${failure}` } : status,
  );
}

function routeStatus(
  key: PrefixKey,
  path: Path,
  verdict: Pick<BgpRouteStatus, 'best' | 'installed' | 'stale' | 'reason'>,
): BgpRouteStatus {
  const { attributes, nextHop, source } = path;
  return {
    prefix: prefixKeyToText(key),
    source: source.name,
    nextHop: nextHop.address === '::' && nextHop.linkLocal !== undefined ? nextHop.linkLocal : nextHop.address,
    asPath: formatAsPath(attributes.asPath),
    origin: attributes.origin,
    ...(attributes.localPref === undefined ? {} : { localPref: attributes.localPref }),
    ...(attributes.med === undefined ? {} : { med: attributes.med }),
    communities: [
      ...(attributes.communities ?? []).map(formatCommunity),
      ...(attributes.largeCommunities ?? []).map(formatLargeCommunity),
    ],
    ...verdict,
  };
}
