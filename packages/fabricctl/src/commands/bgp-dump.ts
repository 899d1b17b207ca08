import { open, rename, rm } from 'node:fs/promises';
import { FabricError } from '@slash32/shared';
import type { Command } from 'commander';
import type { CliSession, CommandResult } from '../cli/cli-session.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { streamSpeakers } from '../daemon/stream-speakers.ts';

const EXAMPLES = `
Examples:
  fabricctl bgp dump table.mrt                 all routes of this host's speaker, for bgpdump, bgpscanner and the like
  fabricctl bgp dump table.mrt -o json         and how many there are

The file has what every router told us, as it came, and this host's own routes, as those of the peer 0.0.0.0.
It takes the place of FILE once it is whole.
`;

export function declareBgpDump(bgp: Command, session: CliSession): void {
  bgp
    .command('dump')
    .description('write all routes to a file in the MRT format (RFC 6396)')
    .argument('<file>', 'file to write')
    .addHelpText('after', EXAMPLES)
    .action(session.action(dump));
}

async function dump(options: GlobalOptions, path: string): Promise<CommandResult> {
  if (options.speakerSocket.length > 1) {
    throw new FabricError('usage.socket', 'a dump is of one speaker; give one --speaker-socket');
  }
  const partPath = `${path}.part`;
  let octets = 0;
  let prefixes = 0;
  try {
    await using file = await open(partPath, 'w', 0o644);
    const pieces = streamSpeakers(options.speakerSocket, (speaker, { signal }) =>
      speaker.stream('speaker.table-dump', {}, { signal }),
    );
    for await (const piece of pieces) {
      if ('error' in piece) throw piece.error;
      const data = Buffer.from(piece.event.octets, 'base64');
      await file.writeFile(data);
      octets += data.length;
      prefixes = piece.event.prefixes;
    }
    await file.sync();
    await rename(partPath, path);
  } catch (error) {
    await rm(partPath, { force: true });
    throw error;
  }
  return {
    data: { file: path, prefixes, octets },
    text: () => `${prefixes} prefixes, ${octets} octets in ${path}\n`,
  };
}
