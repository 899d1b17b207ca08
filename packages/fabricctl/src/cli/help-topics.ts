import type { Command } from 'commander';
import type { CliSession } from './cli-session.ts';
import { EXIT_CODE_MEANINGS } from './exit-code.ts';

const FIRST_STEPS = `
Examples:
  fabricctl status                                   is everything all right?
  fabricctl apply -f web.yaml                        create or change what the file says
  fabricctl get instances -A -o wide                 all instances, of all tenants
  fabricctl policy trace web-1 db-1:5432/tcp         may web-1 reach db-1, and which rule says so?
  fabricctl policy graph -n tenant-a                 who can reach whom, on which ports?
  fabricctl policy diff -f web.yaml                  what would open and close if I applied this?
  fabricctl policy lint -A                           which rules are too wide, or for nothing?
  fabricctl routes 203.0.113.10                      where does this host send it, and why?
  fabricctl explain SecurityGroup.spec.rules         what may a rule say?

Help topics: fabricctl help exit-codes, fabricctl help habits (for BIRD, FRR, GoBGP, OpenBGPD), fabricctl COMMAND --help
`;

/** Exit codes as a table, for help. */
export function exitCodeHelp(): string {
  return `Exit codes:\n${EXIT_CODE_MEANINGS.map(({ code, meaning }) => `  ${String(code).padStart(2)}  ${meaning}\n`).join('')}`;
}

/** Adds the examples of the main help and the topics `exit-codes` and `habits`. */
export function declareHelpTopics(program: Command, session: CliSession): void {
  program.addHelpText('after', FIRST_STEPS);
  program
    .command('help', { hidden: false })
    .argument('[topic...]')
    .description('help on a command, on `exit-codes`, or on `habits`')
    .action(async (topic: readonly string[]) => {
      if (topic[0] === 'exit-codes') session.io.writeOut(exitCodeHelp());
      else if (topic[0] === 'habits') session.io.writeOut((await import('./habits.ts')).habitHelp());
      else helpOn(program, topic).outputHelp();
    });
}

/** The command that `path` leads to; an unknown word is commander's usage error. */
function helpOn(program: Command, path: readonly string[]): Command {
  let command = program;
  for (const word of path) {
    const next = command.commands.find((candidate) => candidate.name() === word || candidate.aliases().includes(word));
    if (next === undefined) return command.error(`error: no help on "${path.join(' ')}"`);
    command = next;
  }
  return command;
}
