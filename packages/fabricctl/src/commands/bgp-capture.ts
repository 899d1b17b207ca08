import type { BgpCapturedMessage } from '@slash32/shared';
import type { Command } from 'commander';
import { ConnectionPackets } from '../capture/connection-packets.ts';
import { PcapFile } from '../capture/pcap-file.ts';
import type { CliSession } from '../cli/cli-session.ts';
import { EXIT_CODE, type ExitCode } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { readCount } from '../cli/read-count.ts';
import { streamSpeakers } from '../daemon/stream-speakers.ts';
import { messageText } from '../output/message-text.ts';
import type { StreamPrinter } from '../output/stream-printer.ts';

interface CaptureOptions {
  readonly count?: number;
  readonly write?: string;
}

const EXAMPLES = `
Examples:
  fabricctl bgp capture tor-a                  messages to and from a router, decoded, as they go; Ctrl-C ends it
  fabricctl bgp capture tor-a -o json          a JSON object per line, with all prefixes and the octets
  fabricctl bgp capture tor-a -w tor-a.pcap    into a file that tshark and Wireshark read, instead of printing
  fabricctl bgp capture tor-a --count 20       end after 20 messages

Messages come from the speaker itself, so that TCP-MD5 and offloads are no obstacle. The IP and TCP headers of the file
are made up around them: addresses and ports are real, sequence numbers begin at 1.
`;

export function declareBgpCapture(bgp: Command, session: CliSession): void {
  bgp
    .command('capture')
    .description('messages of a session, decoded, as they are sent and received')
    .argument('<peer>', 'name of a BGPPeer, or address of the router')
    .option('-w, --write <file>', 'write a pcap file instead of printing')
    .option('--count <messages>', 'end after so many', readCount)
    .addHelpText('after', EXAMPLES)
    .action(session.streamAction(capture));
}

async function capture(
  options: CaptureOptions & GlobalOptions,
  printer: StreamPrinter,
  peer: string,
): Promise<ExitCode> {
  const items = streamSpeakers(options.speakerSocket, (speaker, { signal }) =>
    speaker.stream('speaker.capture', { peer }, { signal }),
  );
  await using pcap = new LazyPcap(options.write);
  let left = options.count ?? Number.POSITIVE_INFINITY;
  let exitCode: ExitCode = EXIT_CODE.ok;
  for await (const item of items) {
    if ('error' in item) {
      if (item.error.code === 'bgp.unknown-peer') continue;
      printer.warn(item.error.message);
      exitCode = EXIT_CODE.unavailable;
      continue;
    }
    const { event } = item;
    switch (event.type) {
      case 'started':
        await pcap.open();
        printer.note(`capturing ${event.peer} (${event.address}, ${event.state}) on ${item.host}`);
        continue;
      case 'lost':
        printer.warn(`${event.events} messages are missing here: they came faster than they could be taken`);
        continue;
    }
    if (options.write === undefined) printer.print(event, (style) => messageText(event, style));
    else await pcap.append(event);
    left -= 1;
    if (left === 0) break;
  }
  return exitCode;
}

/** The file to write to, if there is to be one; made once there is something to capture. */
class LazyPcap implements AsyncDisposable {
  readonly #path: string | undefined;
  readonly #packets = new ConnectionPackets();
  #file: PcapFile | undefined;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  async open(): Promise<void> {
    if (this.#path !== undefined) this.#file ??= await PcapFile.create(this.#path);
  }

  async append(message: BgpCapturedMessage): Promise<void> {
    for (const packet of this.#packets.packetsOf(message)) await this.#file?.append(packet, message.wallMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.[Symbol.asyncDispose]();
  }
}
