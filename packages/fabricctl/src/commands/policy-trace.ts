import type { EndVerdict } from '@slash32/policy-compiler';
import { FabricError, SystemClock } from '@slash32/shared';
import type { Command } from 'commander';
import type { CliSession, CommandResult } from '../cli/cli-session.ts';
import { EXIT_CODE } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { readCount } from '../cli/read-count.ts';
import { readFabric } from '../fabric/open-fabric.ts';
import { packetLine } from '../live/packet-line.ts';
import { countText } from '../manifest/problem-line.ts';
import { formatTable, type TableLayout } from '../output/table.ts';
import type { Tone } from '../output/text-style.ts';
import { ruleManifest } from '../resource/rule-manifest.ts';
import { endpointsNotAsTraced, readEndpoints } from '../trace/endpoint-reality.ts';
import { parseFlow } from '../trace/flow-text.ts';
import type { FlowTrace } from '../trace/trace-flow.ts';

interface TraceOptions {
  readonly namespace?: string;
  readonly ipv4?: true;
  readonly ipv6?: true;
  readonly exitCode?: true;
  readonly live?: true;
  readonly timeout?: number;
}

const DEFAULT_TIMEOUT_SECONDS = 30;

const EXAMPLES = `
Examples:
  fabricctl policy trace tenant-a/web-1 tenant-a/db-1:5432/tcp
  fabricctl policy trace internet web-1:443/tcp --exit-code      exit code 1 if it drops, in any family
  fabricctl policy trace web-1 1.1.1.1:53/udp
  fabricctl policy trace web-1 '[2001:db8::5]:443/tcp'
  fabricctl policy trace web-1 db-1:icmp                         a ping, of every family both have
  fabricctl policy trace web-1 db-1:icmp/13                      ICMP by type, and code: icmp/8/0
  fabricctl policy trace web-1 vpn-1:gre                         a protocol without ports, by name or as proto47
  fabricctl policy trace web-1 db-1:5432/tcp --live              what becomes of the next real packet of that flow

SRC and DST are NAMESPACE/NAME, NAME, an address, or \`internet\`: some address that nothing in the fabric names.
The answer comes from the resources, by rules written apart from the compiler; \`policy show\` has the kernel's.
Warns if an agent that answers has an end of the flow not up.

With --live the answer is the kernel's: it waits for a packet of the flow and says what became of it and which rule
decided, at the last end that an agent answers for. Exit code 1 if it did not pass, or if none came in time.
`;

export function declarePolicyTrace(policy: Command, session: CliSession): void {
  policy
    .command('trace')
    .description('would a new flow pass? The verdict at both ends, the rule that decided, and what would allow it')
    .argument('<source>', 'NAMESPACE/NAME, NAME, an address, or `internet`')
    .argument('<flow>', 'DST:PORT/PROTOCOL, DST:icmp[/TYPE[/CODE]] or DST:PROTOCOL')
    .option('-n, --namespace <namespace>', 'tenant of names without one')
    .option('-4, --ipv4', 'IPv4 only; else every family that both ends have')
    .option('-6, --ipv6', 'IPv6 only')
    .option('--exit-code', 'exit code 1 if the flow drops')
    .option('--live', 'wait for a real packet of the flow, and tell what the kernel did with it')
    .option('--timeout <seconds>', 'with --live: give up after so long (default: 30)', readCount)
    .addHelpText('after', EXAMPLES)
    .action(
      session.action<TraceOptions, [string, string]>((options, source, flow) =>
        trace(options, source, flow, (line) => session.io.writeError(`${line}\n`)),
      ),
    );
}

async function trace(
  options: TraceOptions & GlobalOptions,
  source: string,
  flowText: string,
  note: (line: string) => void,
): Promise<CommandResult> {
  if (options.ipv4 && options.ipv6) {
    throw new FabricError('usage.family', '-4 and -6 contradict each other; leave both out to trace both families');
  }
  const family = options.ipv4 ? 4 : options.ipv6 ? 6 : undefined;
  const flow = parseFlow(flowText);
  const [{ modelOf, resourcesOf }, { traceFlow }, fabric, endpoints] = await Promise.all([
    import('../fabric/fabric-model.ts'),
    import('../trace/trace-flow.ts'),
    readFabric(options),
    readEndpoints(options.agentSocket),
  ]);
  const resources = resourcesOf(fabric.entries);
  const traces = traceFlow(modelOf(resources), resources, {
    source,
    flow,
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    ...(family === undefined ? {} : { family }),
  });
  if (options.live) return liveTrace(options, traces, note);
  const notUp = endpointsNotAsTraced(traces, endpoints);
  const passes = traces.every(({ result }) => result.verdict === 'pass');
  return {
    data: { passes, traces, endpointsNotUp: notUp },
    text: (layout) => traces.map((each) => traceText(each, layout)).join('\n'),
    warnings: [
      ...notUp.map(
        ({ instance, state, reason }) =>
          `traced as if ${instance} were up, but its agent says ${state}${reason === undefined ? '' : `: ${reason}`}`,
      ),
      ...(fabric.problems.length === 0
        ? []
        : [
            `${countText(fabric.problems.length, 'problem')} in ${fabric.description}; judged by the last good version`,
          ]),
    ],
    exitCode: options.exitCode && !passes ? EXIT_CODE.no : EXIT_CODE.ok,
  };
}

/** What the kernel does with the next packet of the flow. */
async function liveTrace(
  { agentSocket, timeout = DEFAULT_TIMEOUT_SECONDS }: TraceOptions & GlobalOptions,
  flows: readonly FlowTrace[],
  note: (line: string) => void,
): Promise<CommandResult> {
  const [{ firstPacket }, { findSeats }] = await Promise.all([
    import('../live/live-flow.ts'),
    import('../live/packet-stream.ts'),
  ]);
  const end = new AbortController();
  const seats = await findSeats(agentSocket);
  const timer = new SystemClock().schedule(timeout * 1_000, () => end.abort());
  try {
    const hosts = new Set<string>();
    const onStarted = (host: string): void => {
      if (!hosts.has(host)) note(`waiting on ${host} for a packet, ${timeout} s at most`);
      hosts.add(host);
    };
    const found = await firstPacket(seats, flows, onStarted, end.signal);
    const passes = found?.packet.verdict === 'pass';
    return {
      data: { passes, ...(found ?? { packet: null }) },
      text: ({ style }) =>
        found === undefined
          ? `${style('warning', 'NONE')}  no such packet within ${timeout} s\n`
          : `${packetLine(found.packet, style)}  on ${found.host}\n`,
      exitCode: passes ? EXIT_CODE.ok : EXIT_CODE.no,
    };
  } finally {
    timer.cancel();
  }
}

/** An end of the flow, as a row. */
interface EndRow {
  readonly end: string;
  readonly who: string;
  readonly verdict: EndVerdict;
}

function traceText(flow: FlowTrace, layout: TableLayout): string {
  const { result, family, packet, internet } = flow;
  const { style } = layout;
  const passes = result.verdict === 'pass';
  const verdict = style(passes ? 'good' : 'bad', passes ? 'PASSES' : 'DROPS');
  const from = endName(result.source, result.sourceAddress, internet.source);
  const to = endName(result.destination, result.destinationAddress, internet.destination);
  const lines = [`${verdict}  ${from} → ${to}  ${packet} over IPv${family}`];
  const rows: EndRow[] = [
    { end: 'source', who: place(result.source), verdict: result.source },
    { end: 'destination', who: place(result.destination), verdict: result.destination },
  ];
  const table = formatTable(
    rows,
    [
      { header: 'END', value: ({ end }) => end },
      { header: 'WHERE', value: ({ who }) => who },
      { header: 'VERDICT', value: verdictText, tone: verdictTone },
      { header: 'WHY', value: ({ verdict: { explanation } }) => explanation, wrap: true },
    ],
    layout,
  );
  if (result.seenSourceAddress !== undefined) {
    const translated =
      result.seenSourceAddress === result.sourceAddress ? '' : ` (translated from ${result.sourceAddress})`;
    lines.push(`Receiver sees source ${result.seenSourceAddress}${translated}`);
  }
  return `${lines.join('\n')}\n${table}${remediesText(rows)}`;
}

/** Rules to paste into a manifest. */
function remediesText(rows: readonly EndRow[]): string {
  return rows
    .flatMap(({ verdict: { remedy, instance } }) => {
      if (remedy === undefined) return [];
      const where =
        remedy.group === undefined
          ? `a new SecurityGroup of ${instance}`
          : `spec.rules of SecurityGroup ${remedy.group}`;
      return [`Smallest rule that would allow it, for ${where}:\n  - ${ruleManifest(remedy.rule)}\n`];
    })
    .join('');
}

function endName({ instance }: EndVerdict, address: string, isInternet: boolean): string {
  if (isInternet) return `internet (${address})`;
  return instance === undefined ? address : `${instance} (${address})`;
}

function place({ instance, host }: EndVerdict): string {
  if (instance === undefined) return 'outside';
  return host === undefined ? instance : `${instance} on ${host}`;
}

function verdictText({ verdict: { verdict, reason } }: EndRow): string {
  if (reason === 'not-an-instance') return 'not filtered';
  return verdict === 'pass' ? 'passes' : 'drops';
}

function verdictTone({ verdict: { verdict, reason } }: EndRow): Tone {
  if (reason === 'not-an-instance') return 'quiet';
  return verdict === 'pass' ? 'good' : 'bad';
}
