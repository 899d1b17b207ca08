import {
  type BgpRouteStatus,
  FabricError,
  formatIpPrefix,
  type IpPrefix,
  type ParamsOf,
  parseIpPrefix,
  prefixContains,
  type SpeakerMethods,
  tryParseIpPrefix,
} from '@slash32/shared';
import { type Command, Option } from 'commander';
import type { CliSession, CommandResult } from '../cli/cli-session.ts';
import { EXIT_CODE } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { askAnySpeaker } from '../daemon/ask-daemons.ts';
import { type Column, formatTable, type TableLayout } from '../output/table.ts';

interface RoutesOptions {
  readonly received?: true;
  readonly accepted?: true;
  readonly best?: true;
  readonly advertised?: string;
  readonly withheld?: string;
  readonly why?: true;
  readonly source?: string;
  readonly exitCode?: true;
}

type HostRoute = BgpRouteStatus & { readonly host: string };

const examples = (command: string) => `
Examples:
  ${command}                          all routes and the candidates they were chosen from
  ${command} 203.0.113.10             the route that this address takes (longest match)
  ${command} 10.70.0.0/16             this prefix and what is inside it
  ${command} --source tor-a           what one router told us; --source local: what we announce
  ${command} --received --source tor-a   as tor-a sent them, refused ones included
  ${command} --advertised tor-a       what tor-a was told
  ${command} --withheld tor-a         what tor-a was not told, and why
  ${command} 10.70.0.5 --why          and which policy and term let each in
  ${command} --best --exit-code       exit code 1 if a best route is missing in the kernel

Stages: --received, then the import policies, --accepted, then the choice, --best; --advertised is what goes out,
--withheld what does not.

FLAGS: * best   K in the kernel   S stale (kept over the peer's graceful restart)   ! best, but not in the kernel
`;

export function declareRoutes(parent: Command, session: CliSession): void {
  parent
    .command('routes')
    .aliases(['route'])
    .description("the speaker's routes, and why each is or is not best")
    .argument('[prefix]', 'an address (longest match), or a prefix (it and what is inside)')
    .addOption(
      new Option('--received', 'as routers sent them').conflicts(['accepted', 'best', 'advertised', 'withheld']),
    )
    .addOption(
      new Option('--accepted', 'as the import policies left them').conflicts(['best', 'advertised', 'withheld']),
    )
    .addOption(new Option('--best', 'leave out candidates that were not chosen').conflicts(['advertised', 'withheld']))
    .addOption(new Option('--advertised <peer>', 'what this BGPPeer was told').conflicts(['source', 'withheld']))
    .addOption(new Option('--withheld <peer>', 'what this BGPPeer was not told, and why').conflicts(['source']))
    .option('--why', 'which policy and term decided, too')
    .option('--source <peer>', 'only routes from this BGPPeer, or `local`')
    .option('--exit-code', 'exit code 1 if there is no route, or a best one is not in the kernel')
    .addHelpText('after', examples(parent.name() === 'bgp' ? 'fabricctl bgp routes' : 'fabricctl routes'))
    .action(session.action(showRoutes));
}

async function showRoutes(options: RoutesOptions & GlobalOptions, text: string | undefined): Promise<CommandResult> {
  const wanted = text === undefined ? undefined : parseWanted(text);
  const { results, errors } = await askAnySpeaker(options.speakerSocket, async (speaker) => {
    const isPrefix = text?.includes('/') === true;
    const [status, routes] = await Promise.all([
      speaker.call('speaker.status', {}),
      collect(speaker.stream('speaker.route-table', questionOf(options)), (route) => concerns(route, wanted, isPrefix)),
    ]);
    const narrowed = wanted === undefined || isPrefix ? routes : longestMatch(routes);
    return narrowed.map((route): HostRoute => ({ host: status.host, ...route }));
  });
  const shown = results.flat().sort(byPrefix);
  const isWrong = shown.length === 0 || shown.some(isMissingInKernel);
  return {
    data: shown,
    text: (layout, wide) =>
      shown.length === 0
        ? emptyText(text, options)
        : routesText(shown, { severalHosts: results.length > 1, wide, why: options.why === true }, layout),
    warnings: errors.map(({ message }) => message),
    exitCode: options.exitCode && isWrong ? EXIT_CODE.no : errors.length > 0 ? EXIT_CODE.unavailable : EXIT_CODE.ok,
  };
}

/** The speaker narrows by stage and peer; by prefix we do, since it knows exact ones only. */
function questionOf(options: RoutesOptions): ParamsOf<SpeakerMethods['speaker.route-table']> {
  if (options.advertised !== undefined) return { view: 'advertised', peer: options.advertised };
  if (options.withheld !== undefined) return { view: 'withheld', peer: options.withheld };
  const peer = options.source === undefined ? {} : { peer: options.source };
  if (options.received) return { view: 'received', ...peer };
  if (options.accepted) return { view: 'accepted', ...peer };
  return options.best ? { view: 'best', ...peer } : peer;
}

function parseWanted(text: string): IpPrefix {
  const prefix = tryParseIpPrefix(text);
  if (prefix !== undefined) return prefix;
  throw new FabricError(
    'prefix.invalid',
    `"${text}" is neither an address nor a prefix; write 203.0.113.10 or 10.70.0.0/16`,
    { details: { prefix: text } },
  );
}

/** Those of a table that are wanted: of 100,000 routes, none is kept that is not shown. */
async function collect(
  events: AsyncIterable<readonly BgpRouteStatus[]>,
  isWanted: (route: BgpRouteStatus) => boolean,
): Promise<readonly BgpRouteStatus[]> {
  const routes: BgpRouteStatus[] = [];
  for await (const event of events) routes.push(...event.filter(isWanted));
  return routes;
}

/** For a prefix: it and what is inside. For an address: what it is inside of. */
function concerns({ prefix }: BgpRouteStatus, wanted: IpPrefix | undefined, isPrefix: boolean): boolean {
  if (wanted === undefined) return true;
  const own = parseIpPrefix(prefix);
  return isPrefix ? prefixContains(wanted, own) : prefixContains(own, wanted);
}

/** The most specific of routes that all hold one address, with its candidates. */
function longestMatch(covering: readonly BgpRouteStatus[]): readonly BgpRouteStatus[] {
  const longest = Math.max(-1, ...covering.map(({ prefix }) => parseIpPrefix(prefix).length));
  return covering.filter(({ prefix }) => parseIpPrefix(prefix).length === longest);
}

/** By family, address, length; the best route of a prefix first. */
function byPrefix(a: HostRoute, b: HostRoute): number {
  const [left, right] = [parseIpPrefix(a.prefix), parseIpPrefix(b.prefix)];
  if (left.family !== right.family) return left.family - right.family;
  if (left.value !== right.value) return left.value < right.value ? -1 : 1;
  if (left.length !== right.length) return left.length - right.length;
  if (a.host !== b.host) return a.host < b.host ? -1 : 1;
  return Number(b.best) - Number(a.best);
}

function isMissingInKernel({ best, installed, source }: BgpRouteStatus): boolean {
  return best && !installed && source !== 'local';
}

interface RoutesTable {
  readonly severalHosts: boolean;
  readonly wide: boolean;
  readonly why: boolean;
}

function routesText(
  routes: readonly HostRoute[],
  { severalHosts, wide, why }: RoutesTable,
  layout: TableLayout,
): string {
  const columns: Column<HostRoute>[] = [
    {
      header: 'FLAGS',
      value: flagsText,
      tone: (route) => (isMissingInKernel(route) ? 'bad' : route.best ? 'good' : 'quiet'),
    },
    { header: 'PREFIX', value: ({ prefix }) => prefix },
    { header: 'NEXT HOP', value: ({ nextHop, blackhole }) => (blackhole ? 'blackhole' : nextHop) },
    { header: 'SOURCE', value: ({ source }) => source },
    { header: 'AS PATH', value: ({ asPath }) => asPath, wrap: true },
  ];
  if (routes.some(({ pathId }) => pathId !== undefined)) {
    columns.splice(2, 0, { header: 'PATH ID', value: ({ pathId }) => String(pathId ?? '') });
  }
  if (severalHosts) columns.unshift({ header: 'HOST', value: ({ host }) => host });
  if (wide) {
    columns.push(
      { header: 'ORIGIN', value: ({ origin }) => origin },
      { header: 'PREF', value: ({ localPref }) => String(localPref ?? '') },
      { header: 'MED', value: ({ med }) => String(med ?? '') },
      { header: 'COMMUNITIES', value: ({ communities }) => communities.join(' '), wrap: true },
    );
  }
  if (routes.some(({ onlyToCustomer }) => onlyToCustomer !== undefined) && (wide || why)) {
    columns.push({ header: 'ONLY TO CUSTOMER', value: ({ onlyToCustomer }) => String(onlyToCustomer ?? '') });
  }
  if (wide || why) columns.push({ header: 'POLICY', value: ({ policy }) => policy ?? '', wrap: true });
  columns.push({ header: 'WHY', value: whyText, wrap: true });
  return formatTable(routes, columns, layout);
}

function flagsText(route: BgpRouteStatus): string {
  const flags = [route.best ? '*' : ' ', route.installed ? 'K' : isMissingInKernel(route) ? '!' : ' '];
  if (route.stale) flags.push('S');
  return flags.join('');
}

function whyText(route: BgpRouteStatus): string {
  return isMissingInKernel(route) ? `${route.reason}; NOT in the kernel` : route.reason;
}

function emptyText(wanted: string | undefined, options: RoutesOptions): string {
  if (options.advertised !== undefined) return `Nothing that was asked for is advertised to ${options.advertised}.\n`;
  if (options.withheld !== undefined) return `Nothing that was asked for is kept back from ${options.withheld}.\n`;
  if (wanted === undefined)
    return 'No routes: no session has given any, and no instance is up (fabricctl bgp neighbors).\n';
  const prefix = tryParseIpPrefix(wanted);
  return `No route to ${wanted.includes('/') && prefix !== undefined ? formatIpPrefix(prefix) : wanted}.\n`;
}
