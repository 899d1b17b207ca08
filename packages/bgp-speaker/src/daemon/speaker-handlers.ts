import type {
  BgpFamily,
  BgpNeighborStatus,
  Clock,
  ControlHandlers,
  SpeakerMethods,
  SpeakerStatus,
} from '@slash32/shared';
import { prefixKeyFamily } from '../codec/index.ts';
import type { PeerSettings } from '../peers/peer-settings.ts';
import { operatorHandlers } from './operator-handlers.ts';
import { routeTableStream } from './route-table-stream.ts';
import { routesInView } from './route-views.ts';
import type { Speaker } from './speaker.ts';
import { visibilityHandlers } from './visibility-handlers.ts';

/** What the answers are made from. */
export interface SpeakerFacts {
  readonly speaker: Speaker;
  readonly clock: Clock;
  /** Everything of the status that the speaker itself does not know. */
  process(): Pick<SpeakerStatus, 'host' | 'version' | 'pid' | 'uptimeSeconds' | 'datastore' | 'problems'>;
}

/** Answers to all methods of the speaker's control socket. */
export function speakerHandlers(facts: SpeakerFacts): ControlHandlers<SpeakerMethods> {
  const { speaker } = facts;
  return {
    ...visibilityHandlers(speaker, facts.clock),
    ...operatorHandlers(speaker),
    'speaker.status': () => speakerStatus(facts),
    'speaker.neighbors': () => neighborStatuses(speaker),
    'speaker.routes': (question) => routesInView(speaker, question),
    'speaker.route-table': (question, { signal }) => routeTableStream(speaker, question, signal),
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
      configured: neighbors.length + speaker.waitingPeers().length,
      established: neighbors.filter(({ state }) => state === 'Established').length,
    },
    localRoutes: speaker.localRoutes,
    learnedRoutes: speaker.locRib.learned,
    installedRoutes: speaker.installer.installedRoutes,
  };
}

/** Sessions, then ranges that routers may call from, then peers that must not have a session yet. */
function neighborStatuses(speaker: Speaker): readonly BgpNeighborStatus[] {
  const best = bestPaths(speaker);
  const hinted = (settings: PeerSettings, status: BgpNeighborStatus): BgpNeighborStatus => {
    const hint = speaker.signatureHints.of(settings, status.state);
    return hint === undefined ? status : { ...status, hint: hint.message };
  };
  return [
    ...[...speaker.neighbors].map(([name, neighbor]) =>
      hinted(
        neighbor.settings,
        neighbor.status((family) => best.get(name)?.[family] ?? 0),
      ),
    ),
    ...speaker.dynamicPeers.openRanges().map((range) => hinted(range, speaker.dynamicPeers.statusOf(range))),
    ...speaker.waitingPeers(),
  ];
}

/** By neighbor: prefixes in Loc-RIB that a path of it forwards for. */
function bestPaths(speaker: Speaker): ReadonlyMap<string, Readonly<Record<BgpFamily, number>>> {
  const counts = new Map<string, Record<BgpFamily, number>>();
  for (const [key, paths] of speaker.locRib.routes()) {
    const family = prefixKeyFamily(key);
    const [first] = paths;
    // Several paths may be of one neighbor (ADD-PATH).
    const names = paths.length === 1 && first ? [first.source.name] : new Set(paths.map(({ source }) => source.name));
    for (const name of names) {
      let count = counts.get(name);
      if (count === undefined) {
        count = { 'ipv4-unicast': 0, 'ipv6-unicast': 0 };
        counts.set(name, count);
      }
      count[family] += 1;
    }
  }
  return counts;
}
