import { type BgpPeerAction, type ControlHandlers, FabricError, type SpeakerMethods } from '@slash32/shared';
import type { Neighbor } from '../session/neighbor.ts';
import { findNeighbor } from './route-views.ts';
import type { Speaker } from './speaker.ts';

type OperatorMethods = Pick<SpeakerMethods, 'speaker.clear' | 'speaker.shutdown' | 'speaker.enable'>;

/** Answers to what operators do to sessions. A range stands for all sessions with its routers, and those to come. */
export function operatorHandlers(speaker: Speaker): ControlHandlers<OperatorMethods> {
  const { dynamicPeers } = speaker;
  return {
    'speaker.clear': ({ peer, soft, hard = false }) =>
      forPeer(speaker, peer, ({ operator, state }) => {
        if (soft === undefined) return [operator.clear({ hard })];
        if (dynamicPeers.isRange(peer) && state !== 'Established') return [];
        return soft === 'in' ? operator.refreshIn() : operator.refreshOut();
      }),
    'speaker.shutdown': ({ peer, reason = '', drainSeconds = 0 }) => {
      const drain = checkedDrain(drainSeconds);
      const action = forPeer(speaker, peer, ({ operator }) => [operator.shutDown(reason, drain)]);
      if (!dynamicPeers.isRange(peer)) return action;
      dynamicPeers.shutDown(peer, reason);
      return { ...action, done: ['takes no new routers', ...action.done] };
    },
    'speaker.enable': ({ peer }) => {
      const isOpened = dynamicPeers.enable(peer);
      const action = forPeer(speaker, peer, ({ operator }) => [operator.enable()]);
      return isOpened ? { ...action, done: ['takes routers again', ...action.done] } : action;
    },
  };
}

function forPeer(speaker: Speaker, peer: string, act: (neighbor: Neighbor) => readonly string[]): BgpPeerAction {
  if (!speaker.dynamicPeers.isRange(peer)) {
    const neighbor = findNeighbor(speaker, peer);
    return { peer: neighbor.settings.name, done: act(neighbor) };
  }
  const done = speaker.dynamicPeers
    .neighborsOf(peer)
    .flatMap((neighbor) => act(neighbor).map((what) => `${neighbor.settings.address}: ${what}`));
  return { peer, done };
}

/** Longest drain before a shutdown: a day. */
const MAX_DRAIN_SECONDS = 86_400;

function checkedDrain(seconds: number): number {
  if (Number.isFinite(seconds) && seconds >= 0 && seconds <= MAX_DRAIN_SECONDS) return seconds;
  throw new FabricError('bgp.drain-invalid', `a drain takes 0 to ${MAX_DRAIN_SECONDS} seconds, not ${seconds}`);
}
