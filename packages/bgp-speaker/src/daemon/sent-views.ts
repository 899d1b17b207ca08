import type { BgpRouteStatus } from '@slash32/shared';
import { BGP_FAMILIES, type PrefixKey, prefixKeyFamily, prefixKeyToText } from '../codec/index.ts';
import { attributeFields, nextHopText } from '../observe/route-fields.ts';
import type { AdvertisedRoute } from '../rib/adj-rib-out.ts';
import type { Path } from '../rib/path.ts';
import type { Neighbor } from '../session/neighbor.ts';
import type { Speaker } from './speaker.ts';

/** What the router has been told; `only`: of one prefix. */
export function advertisedRoutes(
  speaker: Speaker,
  neighbor: Neighbor,
  only: PrefixKey | undefined,
): readonly BgpRouteStatus[] {
  const statuses: BgpRouteStatus[] = [];
  for (const family of only === undefined ? BGP_FAMILIES : [prefixKeyFamily(only)]) {
    for (const route of neighbor.sent.routes(family)) {
      if (only === undefined || route.key === only) statuses.push(advertisedStatus(speaker, neighbor, route));
    }
  }
  return statuses;
}

function advertisedStatus(speaker: Speaker, { sent }: Neighbor, advertised: AdvertisedRoute): BgpRouteStatus {
  const { key, pathId, route } = advertised;
  const { paths, reasons } = speaker.locRib.explain(key);
  const [best] = paths;
  const path = advertised.path ?? best;
  const reason = path && reasons.get(path);
  const verdict = path && sent.explain(key, path);
  const isLocal = path === undefined || path.source.type === 'local';
  return {
    prefix: prefixKeyToText(key),
    source: path?.source.name ?? 'local',
    ...(pathId === undefined ? {} : { pathId }),
    nextHop: nextHopText(route.nextHop),
    ...attributeFields(route.attributes),
    best: path === best,
    installed: isLocal || (paths.includes(path) && speaker.installer.isInstalled(key)),
    stale: false,
    reason: reason ?? 'gone; the withdrawal waits for the router to read',
    ...(verdict === undefined ? {} : { policy: verdict.decidedBy }),
  };
}

/** What the router might have been told of these prefixes and has not, each with the reason. */
export function withheldRoutes(
  speaker: Speaker,
  neighbor: Neighbor,
  keys: Iterable<PrefixKey>,
): readonly BgpRouteStatus[] {
  const told = new Map<PrefixKey, AdvertisedRoute[]>();
  for (const family of BGP_FAMILIES) {
    for (const route of neighbor.sent.routes(family)) told.set(route.key, [...(told.get(route.key) ?? []), route]);
  }
  const statuses: BgpRouteStatus[] = [];
  for (const key of keys) {
    const { paths, reasons } = speaker.locRib.explain(key);
    const [best] = paths;
    for (const path of speaker.locRib.candidates(key)) {
      if (path.source.type !== 'local' && !speaker.learnedExport.includes(neighbor.settings)) continue;
      const isTold = told.get(key)?.some((route) => (route.path ?? best) === path) === true;
      if (isTold) continue;
      statuses.push({
        prefix: prefixKeyToText(key),
        source: path.source.name,
        ...(path.pathId === undefined ? {} : { pathId: path.pathId }),
        nextHop: nextHopText(path.nextHop),
        ...attributeFields(path.attributes),
        best: path === best,
        installed: path.source.type === 'local' || (paths.includes(path) && speaker.installer.isInstalled(key)),
        stale: false,
        reason: withheldReason(neighbor, key, path, path === best ? undefined : reasons.get(path)),
      });
    }
  }
  return statuses;
}

/** `lost`: why it is not the best path; `undefined`: it is. */
function withheldReason({ state, sent }: Neighbor, key: PrefixKey, path: Path, lost: string | undefined): string {
  if (state !== 'Established') return `not sent: there is no session (${state})`;
  const verdict = sent.explain(key, path);
  if (verdict === undefined) return `not sent: ${prefixKeyFamily(key)} is not announced to this router`;
  if (!verdict.accepted) return `not sent: ${verdict.decidedBy}`;
  if (lost === undefined) return 'waits for the router to read, or does not fit its messages';
  return sent.severalPaths ? `not sent: not among the paths to send (${lost})` : `not sent: not the best (${lost})`;
}
