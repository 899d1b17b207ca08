import type { BgpFamily, Clock, ControlHandlers, SpeakerMethods, SpeakerStatus } from '@slash32/shared';
import { prefixKeyFamily } from '../codec/index.ts';
import type { Neighbor } from '../session/neighbor.ts';
import { operatorHandlers } from './operator-handlers.ts';
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
    'speaker.neighbors': () => [
      ...[...speaker.neighbors.values()].map((neighbor) =>
        neighbor.status((family) => bestPaths(speaker, neighbor, family)),
      ),
      ...speaker.dynamicPeers.statuses(),
      ...speaker.waitingPeers(),
    ],
    'speaker.routes': (question) => routesInView(speaker, question),
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

/** Prefixes in Loc-RIB that a neighbor's path forwards for. */
function bestPaths(speaker: Speaker, neighbor: Neighbor, family: BgpFamily): number {
  let count = 0;
  for (const [key, paths] of speaker.locRib.routes()) {
    if (prefixKeyFamily(key) !== family) continue;
    if (paths.some((path) => path.source.name === neighbor.settings.name)) count += 1;
  }
  return count;
}
