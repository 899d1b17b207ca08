import type { Command } from 'commander';
import type { CliSession } from '../cli/cli-session.ts';
import { EXIT_CODE, type ExitCode } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { readCount } from '../cli/read-count.ts';
import { streamSpeakers } from '../daemon/stream-speakers.ts';
import type { StreamPrinter } from '../output/stream-printer.ts';
import { watchLine } from '../output/watch-line.ts';

interface WatchOptions {
  readonly count?: number;
}

const EXAMPLES = `
Examples:
  fabricctl bgp watch                    what happens to sessions and routes, as it happens; Ctrl-C ends it
  fabricctl bgp watch tor-a              only what concerns one router
  fabricctl bgp watch -o json            a JSON object per line
  fabricctl bgp watch --count 20         end after 20 events

session   how a session stands, or what state it went to and why       received  a route came in, or went
best      another route was chosen for a prefix                        sent      a route was told to a router
`;

export function declareBgpWatch(bgp: Command, session: CliSession): void {
  bgp
    .command('watch')
    .description('sessions and routes, in, out and chosen, as they change')
    .argument('[peer]', 'name of a BGPPeer, or address of the router')
    .option('--count <events>', 'end after so many', readCount)
    .addHelpText('after', EXAMPLES)
    .action(session.streamAction(watch));
}

async function watch(
  options: WatchOptions & GlobalOptions,
  printer: StreamPrinter,
  peer: string | undefined,
): Promise<ExitCode> {
  const several = options.speakerSocket.length > 1;
  let left = options.count ?? Number.POSITIVE_INFINITY;
  let exitCode: ExitCode = EXIT_CODE.ok;
  const items = streamSpeakers(options.speakerSocket, (speaker, { signal }) =>
    speaker.stream('speaker.watch', peer === undefined ? {} : { peer }, { signal }),
  );
  for await (const item of items) {
    if ('error' in item) {
      // With several speakers, a peer need not be everybody's.
      if (item.error.code === 'bgp.unknown-peer') continue;
      printer.warn(item.error.message);
      exitCode = EXIT_CODE.unavailable;
      continue;
    }
    const { host, event } = item;
    printer.print({ host, ...event }, (style) => watchLine(event, several ? host : undefined, style));
    left -= 1;
    if (left === 0) break;
  }
  return exitCode;
}
