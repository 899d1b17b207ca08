import { type BgpFamily, type BgpNeighborStatus, FabricError } from '@slash32/shared';
import type { Command } from 'commander';
import type { CliSession, CommandResult } from '../cli/cli-session.ts';
import { EXIT_CODE } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { askAnySpeaker } from '../daemon/ask-daemons.ts';
import { compareCapabilities } from '../fabric/compare-capabilities.ts';
import { isNotUp } from '../fabric/session-state.ts';
import { bfdFields } from '../output/bfd-fields.ts';
import { formatDuration } from '../output/duration.ts';
import { formatFields, formatTable, type TableLayout } from '../output/table.ts';
import type { Tone } from '../output/text-style.ts';
import { declareBgpCapture } from './bgp-capture.ts';
import { declareBgpDump } from './bgp-dump.ts';
import { declareBgpSession } from './bgp-session.ts';
import { declareBgpWatch } from './bgp-watch.ts';
import { declareRoutes } from './routes.ts';

interface NeighborsOptions {
  readonly exitCode?: true;
}

type HostNeighbor = BgpNeighborStatus & { readonly host: string };

const FAMILIES: readonly BgpFamily[] = ['ipv4-unicast', 'ipv6-unicast'];

const EXAMPLES = `
Examples:
  fabricctl bgp neighbors                       one line per session
  fabricctl bgp neighbors tor-a                 everything about one: capabilities, messages, last reset
  fabricctl bgp neighbors --exit-code           exit code 1 unless all are Established (for monitoring)

ACCEPTED and ADVERTISED count prefixes as IPv4/IPv6. PEER is the name of a BGPPeer, or the router's address.
A BGPPeer with a range has a line of its own, and one per router that called, named RANGE/ADDRESS.
`;

export function declareBgp(parent: Command, session: CliSession): void {
  const bgp = parent.command('bgp').helpCommand(false).description('BGP sessions of this host');
  bgp
    .command('neighbors')
    .aliases(['neighbor', 'neigh', 'summary'])
    .description('sessions with routers: state, since when, prefixes; with PEER: everything about one')
    .argument('[peer]', 'name of a BGPPeer, or address of the router')
    .option('--exit-code', 'exit code 1 unless every session shown is Established')
    .addHelpText('after', EXAMPLES)
    .action(session.action(showNeighbors));
  declareBgpWatch(bgp, session);
  declareBgpCapture(bgp, session);
  declareBgpDump(bgp, session);
  declareRoutes(bgp, session);
  declareBgpSession(bgp, session);
}

async function showNeighbors(
  options: NeighborsOptions & GlobalOptions,
  peer: string | undefined,
): Promise<CommandResult> {
  const { results, errors } = await askAnySpeaker(options.speakerSocket, async (speaker) => {
    const [status, neighbors] = await Promise.all([
      speaker.call('speaker.status', {}),
      speaker.call('speaker.neighbors', {}),
    ]);
    return neighbors.map((neighbor): HostNeighbor => ({ host: status.host, ...neighbor }));
  });
  const all = results.flat();
  const shown =
    peer === undefined
      ? all
      : all.filter(({ peer: name, address, dynamic }) => [name, address, dynamic?.peer].includes(peer));
  if (peer !== undefined && shown.length === 0) throw unknownPeer(peer, all);
  const isDown = shown.length === 0 || shown.some(isNotUp);
  return {
    data: shown,
    text: (layout) =>
      peer === undefined
        ? summaryText(shown, layout)
        : shown.map((neighbor) => detailText(neighbor, layout)).join('\n'),
    warnings: errors.map(({ message }) => message),
    exitCode: options.exitCode && isDown ? EXIT_CODE.no : errors.length > 0 ? EXIT_CODE.unavailable : EXIT_CODE.ok,
  };
}

function summaryText(neighbors: readonly HostNeighbor[], layout: TableLayout): string {
  if (neighbors.length === 0) return 'No BGP sessions: no BGPPeer selects this host (fabricctl get peers -o wide).\n';
  return formatTable(
    neighbors,
    [
      { header: 'HOST', value: ({ host }) => host },
      { header: 'PEER', value: ({ peer }) => peer },
      { header: 'ADDRESS', value: ({ address }) => address },
      { header: 'AS', value: asText, align: 'right' },
      { header: 'STATE', value: stateText, tone: stateTone },
      { header: 'SINCE', value: sinceText, align: 'right' },
      // A column only where it has something to say.
      ...(neighbors.some(({ bfd }) => bfd !== undefined)
        ? [{ header: 'BFD', value: ({ bfd }: HostNeighbor) => bfd?.state ?? '' }]
        : []),
      { header: 'ACCEPTED', value: (neighbor) => counts(neighbor, 'accepted'), align: 'right' },
      { header: 'ADVERTISED', value: (neighbor) => counts(neighbor, 'advertised'), align: 'right' },
      { header: 'LAST DOWN', value: lastDownText, wrap: true },
    ],
    layout,
  );
}

function detailText(neighbor: HostNeighbor, { style }: TableLayout): string {
  const { messages, gracefulRestart, holdTimeSeconds, keepaliveSeconds, policies } = neighbor;
  const capabilities = compareCapabilities(neighbor.localCapabilities, neighbor.remoteCapabilities);
  return formatFields([
    ['Peer', `${neighbor.peer} (on ${neighbor.host})`],
    ['Address', neighbor.address],
    ['Range', rangeText(neighbor)],
    ['AS', `${asText(neighbor)} (local ${neighbor.localAsNumber})`],
    ['Accepted AS', neighbor.remoteAs],
    [
      'State',
      `${style(stateTone(neighbor), neighbor.range === undefined ? neighbor.state : stateText(neighbor))}${neighbor.range === undefined ? ` for ${formatDuration(neighbor.stateSeconds)}` : ''}`,
    ],
    ['Router', routerText(neighbor)],
    ['Router ID', neighbor.remoteRouterId],
    ['Held', heldText(neighbor)],
    ['Last down', lastDownText(neighbor)],
    ['Hint', neighbor.hint],
    [
      'Hold time',
      holdTimeSeconds === undefined ? undefined : `${holdTimeSeconds}s, keepalive ${keepaliveSeconds ?? '-'}s`,
    ],
    ...bfdFields(neighbor.bfd, style),
    ['Capabilities', capabilities.both.join(', ')],
    ['Differing', capabilities.differing.join('; ')],
    ['Only ours', capabilities.onlyOurs.join(', ')],
    ['Only theirs', capabilities.onlyTheirs.join(', ')],
    ['Sent', messageCounts(messages.sent)],
    ['Received', messageCounts(messages.received)],
    ...FAMILIES.map((family): readonly [string, string | undefined] => {
      const prefixes = neighbor.prefixes[family];
      const { received, accepted, best, advertised, limit, addPath } = prefixes ?? {};
      const of = limit === undefined ? '' : ` of at most ${limit}`;
      return [
        family,
        prefixes &&
          `${received}${of} received, ${accepted} accepted, ${best} best, ${advertised} advertised${addPathText(addPath)}`,
      ];
    }),
    ['Role', roleText(neighbor.role)],
    ['Import', policies?.import.join(', ')],
    ['Export', policies?.export.join(', ')],
    ['Restart', gracefulRestart && restartText(gracefulRestart)],
  ]);
}

function restartText({
  peerRestarting,
  staleRoutes,
  longLived = {},
}: NonNullable<BgpNeighborStatus['gracefulRestart']>): string {
  return [
    ...(peerRestarting ? ['peer is restarting'] : []),
    `${staleRoutes} stale routes`,
    ...Object.entries(longLived).map(([family, seconds]) => `${family} long-lived, ${formatDuration(seconds)} left`),
  ].join(', ');
}

/** What the router says of itself. */
function routerText({ remoteHostname, remoteSoftware }: BgpNeighborStatus): string | undefined {
  if (remoteHostname === undefined) return remoteSoftware;
  return remoteSoftware === undefined ? remoteHostname : `${remoteHostname} (${remoteSoftware})`;
}

/** A range has no session to count the time of. */
function sinceText({ stateSeconds, range }: BgpNeighborStatus): string {
  return range === undefined ? formatDuration(stateSeconds) : '';
}

/** The number, once it is known. */
function asText({ remoteAsNumber, remoteAs }: BgpNeighborStatus): string {
  return remoteAsNumber === undefined ? (remoteAs?.split(' ')[0] ?? '-') : String(remoteAsNumber);
}

function rangeText({ dynamic, range }: BgpNeighborStatus): string | undefined {
  if (dynamic !== undefined) return `called from ${dynamic.range} of ${dynamic.peer}`;
  if (range === undefined) return undefined;
  const { neighbors, limit, refused, lastRefused } = range;
  const last = lastRefused && `, the last ${lastRefused.address} at ${lastRefused.at}: ${lastRefused.reason}`;
  return `${neighbors} of at most ${limit} routers; ${refused} refused${last ?? ''}`;
}

function stateText({ state, held, draining, range }: BgpNeighborStatus): string {
  if (range !== undefined && held === undefined) return `listens (${range.neighbors} of ${range.limit})`;
  if (held !== undefined) return `${state} (${held.cause === 'shutdown' ? 'shut down' : 'too many prefixes'})`;
  return draining ? `${state} (drains)` : state;
}

function stateTone(neighbor: BgpNeighborStatus): Tone {
  return isNotUp(neighbor) ? 'bad' : 'good';
}

function roleText(role: BgpNeighborStatus['role']): string | undefined {
  return role && `${role.local} (the router ${role.remote === undefined ? 'gives none' : `is ${role.remote}`})`;
}

function addPathText(addPath: 'receive' | 'send' | 'both' | undefined): string {
  if (addPath === undefined) return '';
  return `; ADD-PATH ${addPath === 'both' ? 'both ways' : `${addPath} only`}`;
}

function counts({ prefixes }: BgpNeighborStatus, what: 'accepted' | 'advertised'): string {
  return FAMILIES.map((family) => prefixes[family]?.[what] ?? '-').join('/');
}

/** When and why the session was last lost. */
export function lastDownText({ lastDown }: BgpNeighborStatus): string {
  return lastDown === undefined ? '' : `${lastDown.at}: ${lastDown.reason}`;
}

function heldText({ held, draining }: BgpNeighborStatus): string | undefined {
  if (held === undefined) return draining ? 'drains before a shutdown: its routes are the last resort' : undefined;
  const { cause, reason, resumesInSeconds } = held;
  const until = resumesInSeconds === undefined ? '' : `; tried again in ${formatDuration(resumesInSeconds)}`;
  const what = cause === 'shutdown' ? 'shut down by an operator' : 'too many prefixes';
  return `${what}${reason === '' ? '' : `: ${reason}`}${until}`;
}

function messageCounts(messages: Readonly<Record<string, number>>): string {
  return Object.entries(messages)
    .map(([type, count]) => `${count} ${type}`)
    .join(', ');
}

function unknownPeer(peer: string, all: readonly HostNeighbor[]): FabricError {
  const known = all.map((neighbor) => neighbor.peer).join(', ');
  const hint = known === '' ? 'no BGPPeer selects this host' : `this host has ${known}`;
  return new FabricError('bgp.unknown-peer', `there is no BGP session with "${peer}"; ${hint}`, { details: { peer } });
}
