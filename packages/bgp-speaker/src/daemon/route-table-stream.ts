import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BgpRouteStatus, ParamsOf, SpeakerMethods } from '@slash32/shared';
import { eachRouteInView } from './route-views.ts';
import type { Speaker } from './speaker.ts';

/** Routes in one event: few enough that sessions hardly wait while they are looked up and written. */
const ROUTES_PER_EVENT = 200;

/**
 * A whole table for `speaker.route-table`; sessions get their turn between the events, so that a route that changes
 * meanwhile is shown as it is when its turn comes. Rejects as `speaker.routes` does.
 */
export async function* routeTableStream(
  speaker: Speaker,
  question: ParamsOf<SpeakerMethods['speaker.route-table']>,
  signal: AbortSignal,
): AsyncGenerator<readonly BgpRouteStatus[]> {
  let routes: BgpRouteStatus[] = [];
  for (const route of eachRouteInView(speaker, question)) {
    routes.push(route);
    if (routes.length < ROUTES_PER_EVENT) continue;
    yield routes;
    routes = [];
    await nextTurn();
    if (signal.aborted) return;
  }
  if (routes.length > 0) yield routes;
}
