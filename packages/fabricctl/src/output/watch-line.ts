import type { BgpWatchEvent, BgpWatchedRoute } from '@slash32/shared';
import type { TextStyle, Tone } from './text-style.ts';

/** One event on one line: when, what, whose, and what of it. */
export function watchLine(event: BgpWatchEvent, host: string | undefined, style: TextStyle): string {
  const words = [event.at, ...(host === undefined ? [] : [host]), ...eventWords(event, style)];
  return `${words.join(' ')}\n`;
}

function eventWords(event: BgpWatchEvent, style: TextStyle): readonly string[] {
  switch (event.type) {
    case 'session': {
      const was = event.before === undefined ? '' : ` (was ${event.before})`;
      const why = event.reason === undefined ? '' : `: ${event.reason}`;
      const tone: Tone | undefined =
        event.state === 'Established' ? 'good' : event.before === 'Established' ? 'bad' : undefined;
      return ['session ', event.peer, `${style(tone, event.state)}${was}${why}`];
    }
    case 'received':
      return [
        'received',
        event.peer,
        prefixText(event),
        routeText(event.route),
        ...(event.rejected === undefined ? [] : [style('warning', `rejected: ${event.rejected}`)]),
      ];
    case 'sent':
      return ['sent    ', event.peer, prefixText(event), routeText(event.route)];
    case 'best': {
      const routes = event.routes.map(({ source, ...route }) =>
        route.nextHop === undefined ? source : `${source} ${routeText(route)}`,
      );
      return ['best    ', event.prefix, routes.length === 0 ? style('bad', 'unreachable') : routes.join(' + ')];
    }
    case 'lost':
      return [style('warning', `lost     ${event.events} events: too many to print as fast as they came`)];
  }
}

/** With its Path Identifier, if it has one: `192.0.2.0/24 path-id 2`. */
function prefixText({ prefix, pathId }: { readonly prefix: string; readonly pathId?: number }): string {
  return pathId === undefined ? prefix : `${prefix} path-id ${pathId}`;
}

function routeText(route: BgpWatchedRoute | undefined): string {
  if (route === undefined) return 'withdrawn';
  const { nextHop, asPath, localPref, med, communities } = route;
  return [
    ...(nextHop === undefined ? [] : [`via ${nextHop}`]),
    ...(asPath === '' ? [] : [`path ${asPath}`]),
    ...(localPref === undefined ? [] : [`pref ${localPref}`]),
    ...(med === undefined ? [] : [`med ${med}`]),
    ...(communities.length === 0 ? [] : [`communities ${communities.join(' ')}`]),
  ].join(' ');
}
