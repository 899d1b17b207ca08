import { SystemClock } from '@slash32/shared';
import type { Command } from 'commander';
import type { CliSession } from '../cli/cli-session.ts';
import { EXIT_CODE, type ExitCode } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { readCount } from '../cli/read-count.ts';
import { packetLine } from '../live/packet-line.ts';
import { findSeats, noSeat, packetStream, seatOf } from '../live/packet-stream.ts';
import type { StreamPrinter } from '../output/stream-printer.ts';

interface WatchOptions {
  readonly namespace?: string;
  readonly count?: number;
  readonly timeout?: number;
  readonly drops?: true;
}

const EXAMPLES = `
Examples:
  fabricctl policy watch tenant-a/web-1             every packet from and to it, until Ctrl-C
  fabricctl policy watch web-1 -n tenant-a --drops  what is dropped, and by which rule
  fabricctl policy watch tenant-a/web-1 --count 5 --timeout 60 -o json

A line is: time, verdict, interfaces (\`host\`: the compute host itself), packet, and the rules that decided: those of
the groups at each end that is on this host, or that the flow passed before. LOST packets met no drop, but no route
either. The kernel tells this of 50 packets a second at most, from the instance and to it each; the rest pass unseen.
While somebody watches, all packets of the host cross a few rules more. Needs the agent of the instance's host, and no
datastore.
`;

export function declarePolicyWatch(policy: Command, session: CliSession): void {
  policy
    .command('watch')
    .description("an instance's packets as they come, each with its verdict and the rule that decided")
    .argument('<instance>', 'NAMESPACE/NAME, or NAME')
    .option('-n, --namespace <namespace>', 'tenant of NAME (default: default)')
    .option('--count <number>', 'end after so many packets', readCount)
    .option('--timeout <seconds>', 'end after so long', readCount)
    .option('--drops', 'only packets that do not pass')
    .addHelpText('after', EXAMPLES)
    .action(session.streamAction(watch));
}

async function watch(
  { agentSocket, namespace, count, timeout, drops }: WatchOptions & GlobalOptions,
  printer: StreamPrinter,
  text: string,
): Promise<ExitCode> {
  const instance = text.includes('/') ? text : `${namespace ?? 'default'}/${text}`;
  const socket = seatOf(await findSeats(agentSocket), instance);
  if (socket === undefined) throw noSeat(instance);
  const end = new AbortController();
  const timer = timeout === undefined ? undefined : new SystemClock().schedule(timeout * 1_000, () => end.abort());
  let left = count ?? Number.POSITIVE_INFINITY;
  try {
    for await (const event of packetStream(socket, instance, {}, end.signal)) {
      if (event.type === 'started') {
        printer.note(`watching ${instance} on ${event.host}; ${event.perSecond} packets a second at most each way`);
      } else if (event.type === 'skipped') {
        printer.warn(`${event.packets} packets came faster than they could be shown`);
      } else if (!drops || event.verdict !== 'pass') {
        printer.print(event, (style) => `${packetLine(event, style)}\n`);
        left -= 1;
        if (left === 0) break;
      }
    }
    return EXIT_CODE.ok;
  } finally {
    timer?.cancel();
  }
}
