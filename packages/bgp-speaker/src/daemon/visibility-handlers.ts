import type { BgpVisibilityMethods, Clock, ControlHandlers } from '@slash32/shared';
import { captureStream } from '../capture/capture-stream.ts';
import { dumpStream } from '../mrt/dump-stream.ts';
import { watchStream } from '../observe/watch-stream.ts';
import { findNeighbor } from './route-views.ts';
import type { Speaker } from './speaker.ts';

/** Answers to the methods that show a speaker at work. */
export function visibilityHandlers(speaker: Speaker, clock: Clock): ControlHandlers<BgpVisibilityMethods> {
  const { observers } = speaker;
  return {
    'speaker.watch': ({ peer }, { signal }) => {
      const only = peer === undefined ? undefined : findNeighbor(speaker, peer).settings.name;
      const peers = speaker.neighbors.values();
      return watchStream({ observers, clock, peers, ...(only === undefined ? {} : { only }) }, signal);
    },
    'speaker.capture': ({ peer }, { signal }) =>
      captureStream({ observers, clock, peer: findNeighbor(speaker, peer) }, signal),
    'speaker.table-dump': (_params, { signal }) =>
      dumpStream(
        {
          asNumber: speaker.plan.asNumber ?? 0,
          routerId: speaker.plan.routerId ?? '0.0.0.0',
          peers: [...speaker.neighbors.values()],
          local: speaker.locRib.localRoutes,
          wallMs: clock.wallMs(),
        },
        signal,
      ),
  };
}
