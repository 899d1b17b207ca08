import { VERSION } from '@slash32/shared';
import type { Command } from 'commander';
import type { CliSession } from '../cli/cli-session.ts';

const EXAMPLES = `
Examples:
  fabricctl version
  fabricctl version -o json
  fabricctl status                              has the versions of the daemons, too
`;

export function declareVersion(parent: Command, session: CliSession): void {
  parent
    .command('version')
    .description('print versions')
    .addHelpText('after', EXAMPLES)
    .action(
      session.action(() => {
        const versions = { fabricctl: VERSION, node: process.versions.node };
        return { data: versions, text: () => `fabricctl ${versions.fabricctl} (node ${versions.node})\n` };
      }),
    );
}
