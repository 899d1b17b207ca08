import { type AddressFamily, formatIpPrefix, tryParseIpPrefix } from '@slash32/shared';
import type { KernelNextHop, KernelRoute } from './route-table.ts';

/** rtm_type and rtm_scope (linux/rtnetlink.h) as `ip -N` prints them; the names are what `ip` prints without -N. */
const TYPES = new Map<string, KernelRoute['type']>([
  ['1', 'unicast'],
  ['2', 'local'],
  ['6', 'blackhole'],
  ['7', 'unreachable'],
]);
const ALL_TYPES = /^(?:[1-9]|1[0-2])$/;
const SCOPES = new Map<string, NonNullable<KernelRoute['scope']>>([
  ['0', 'global'],
  ['253', 'link'],
  ['254', 'host'],
]);
const LOCAL_TABLE = '255';
/** RTPROT_BOOT, what `ip route add` gives without `proto`; `ip` does not print it. */
const PROTOCOL_BOOT = 3;

interface JsonNextHop {
  readonly gateway?: string;
  readonly via?: { readonly host: string };
  readonly dev?: string;
  readonly weight?: number;
}

interface JsonRoute extends JsonNextHop {
  readonly type?: string;
  readonly dst: string;
  readonly protocol?: string;
  readonly scope?: string;
  readonly metric?: number;
  readonly prefsrc?: string;
  readonly nexthops?: readonly JsonNextHop[];
}

/**
 * Reads what `ip -j -N route show` printed: one array of routes. `protocol` is what the listing was filtered by; `ip`
 * leaves it out then. Types that {@link KernelRoute} has no word for are left out.
 */
export function parseRouteListing(json: string, family: AddressFamily, protocol?: number): readonly KernelRoute[] {
  if (json.trim() === '') return [];
  const routes: KernelRoute[] = [];
  for (const entry of JSON.parse(json) as readonly JsonRoute[]) {
    const type = TYPES.get(entry.type ?? '1');
    const prefix = canonicalPrefix(entry.dst, family);
    if (type === undefined || prefix === undefined) continue;
    const hops = entry.nexthops ?? [entry];
    routes.push(
      makeRoute({
        family,
        type,
        prefix,
        protocol: Number(entry.protocol ?? protocol ?? PROTOCOL_BOOT),
        metric: entry.metric,
        scope: entry.scope,
        source: entry.prefsrc,
        hops: hops.map((hop) => ({ gateway: hop.gateway ?? hop.via?.host, device: hop.dev, weight: hop.weight })),
      }),
    );
  }
  return routes;
}

/**
 * Reads one record of `ip -N -oneline monitor route`. `undefined`: a route of another table, or of a type that
 * {@link KernelRoute} has no word for. The family is that of the destination; `default` shows none, and then the
 * `pref` that only IPv6 routes have tells.
 */
export function parseRouteRecord(text: string): KernelRoute | undefined {
  const [head = '', ...hopTexts] = text.split('\\');
  const words = head.trim().split(/\s+/);
  const typed = words.length > 1 && ALL_TYPES.test(words[0] ?? '');
  const type = TYPES.get(typed ? (words[0] ?? '') : '1');
  const destination = words[typed ? 1 : 0];
  if (type === undefined || destination === undefined) return undefined;
  const fields = readFields(words.slice(typed ? 2 : 1));
  const table = fields.get('table');
  if (type === 'local' ? table !== LOCAL_TABLE : table !== undefined) return undefined;
  const family = destination.includes(':') || fields.has('pref') ? 6 : 4;
  const prefix = canonicalPrefix(destination, family);
  if (prefix === undefined) return undefined;
  const hops = hopTexts.length === 0 ? [fields] : hopTexts.map((hop) => readFields(hop.trim().split(/\s+/).slice(1)));
  const metric = fields.get('metric');
  return makeRoute({
    family,
    type,
    prefix,
    protocol: Number(fields.get('proto') ?? PROTOCOL_BOOT),
    metric: metric === undefined ? undefined : Number(metric),
    scope: fields.get('scope'),
    source: fields.get('src'),
    hops: hops.map((hop) => ({
      gateway: hop.get('via'),
      device: hop.get('dev'),
      weight: hop.has('weight') ? Number(hop.get('weight')) : undefined,
    })),
  });
}

/** The canonical prefix of a record's route, without reading all of it; `undefined` for a default route. */
export function recordPrefix(text: string): string | undefined {
  const [first = '', second = ''] = text.split(' ', 2);
  const destination = ALL_TYPES.test(first) ? second : first;
  if (destination === 'default') return undefined;
  return destination.includes('/') ? destination : `${destination}${destination.includes(':') ? '/128' : '/32'}`;
}

/** Words with an argument; the others (`onlink`, `linkdown`, `dead`) stand alone. `via` may have a family in between. */
const WITH_ARGUMENT = new Set(['via', 'dev', 'table', 'proto', 'scope', 'src', 'metric', 'pref', 'weight', 'nhid']);

function readFields(words: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (!WITH_ARGUMENT.has(word)) continue;
    at += word === 'via' && /^inet6?$/.test(words[at + 1] ?? '') ? 2 : 1;
    fields.set(word, words[at] ?? '');
  }
  return fields;
}

interface RouteParts {
  readonly family: AddressFamily;
  readonly type: KernelRoute['type'];
  readonly prefix: string;
  readonly protocol: number;
  readonly metric: number | undefined;
  readonly scope: string | undefined;
  readonly source: string | undefined;
  readonly hops: readonly { gateway?: string | undefined; device?: string | undefined; weight?: number | undefined }[];
}

function makeRoute(parts: RouteParts): KernelRoute {
  const { family, type, prefix, protocol, metric, source } = parts;
  const scope = parts.scope === undefined ? undefined : SCOPES.get(parts.scope);
  // IPv6 hangs routes that lead nowhere on lo.
  const leadsSomewhere = type === 'unicast' || type === 'local';
  return {
    family,
    prefix,
    type,
    protocol,
    ...(metric === undefined ? {} : { metric }),
    ...(scope === undefined ? {} : { scope }),
    ...(source === undefined ? {} : { source }),
    nextHops: leadsSomewhere ? parts.hops.map(makeNextHop) : [],
  };
}

function makeNextHop(hop: RouteParts['hops'][number]): KernelNextHop {
  return {
    ...(hop.gateway === undefined ? {} : { gateway: hop.gateway }),
    ...(hop.device === undefined ? {} : { device: hop.device }),
    ...(hop.weight === undefined || hop.weight === 1 ? {} : { weight: hop.weight }),
  };
}

function canonicalPrefix(destination: string, family: AddressFamily): string | undefined {
  if (destination === 'default') return family === 4 ? '0.0.0.0/0' : '::/0';
  const prefix = tryParseIpPrefix(destination);
  return prefix === undefined ? undefined : formatIpPrefix(prefix);
}
