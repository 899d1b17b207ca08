import {
  type BgpFamily,
  type Clock,
  type ControlHandlers,
  FabricError,
  type SpeakerMethods,
  type SpeakerStatus,
} from '@slash32/shared';
import { prefixKeyFamily } from '../codec/index.ts';
import type { Neighbor } from '../session/neighbor.ts';
import { findNeighbor, routesInView } from './route-views.ts';
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
    'speaker.status': () => speakerStatus(facts),
    'speaker.neighbors': () => [
      ...[...speaker.neighbors.values()].map((neighbor) =>
        neighbor.status((family) => bestPaths(speaker, neighbor, family)),
      ),
      ...speaker.waitingPeers(),
    ],
    'speaker.routes': (question) => routesInView(speaker, question),
    'speaker.clear': ({ peer, soft }) => {
      const { operator, settings } = findNeighbor(speaker, peer);
      const done =
        soft === undefined ? [operator.clear()] : soft === 'in' ? operator.refreshIn() : operator.refreshOut();
      return { peer: settings.name, done };
    },
    'speaker.shutdown': ({ peer, reason = '', drainSeconds = 0 }) => {
      const neighbor = findNeighbor(speaker, peer);
      return { peer: neighbor.settings.name, done: [neighbor.operator.shutDown(reason, checkedDrain(drainSeconds))] };
    },
    'speaker.enable': ({ peer }) => {
      const neighbor = findNeighbor(speaker, peer);
      return { peer: neighbor.settings.name, done: [neighbor.operator.enable()] };
    },
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

/** Longest drain before a shutdown: a day. */
const MAX_DRAIN_SECONDS = 86_400;

function checkedDrain(seconds: number): number {
  if (Number.isFinite(seconds) && seconds >= 0 && seconds <= MAX_DRAIN_SECONDS) return seconds;
  throw new FabricError('bgp.drain-invalid', `a drain takes 0 to ${MAX_DRAIN_SECONDS} seconds, not ${seconds}`);
}
