import { FabricError, VERSION } from '@slash32/shared';
import { Command, CommanderError } from 'commander';
import { CliSession } from './cli-session.ts';
import type { CommandIo } from './command-io.ts';
import { COMMAND_TABLE, type CommandEntry } from './command-table.ts';
import { errorText } from './error-line.ts';
import { EXIT_CODE, type ExitCode, exitCodeOf } from './exit-code.ts';
import { declareGlobalOptions, type OutputFormat } from './global-options.ts';
import { mayBeHabit } from './habit-verbs.ts';
import { declareHelpTopics } from './help-topics.ts';

/**
 * Runs one command line, without the program's name in front, and returns the exit code of the process. Never throws:
 * what goes wrong is one line on `io`'s standard error.
 */
export async function runFabricctl(args: readonly string[], io: CommandIo): Promise<ExitCode> {
  const session = new CliSession(io);
  const program = createProgram(session);
  try {
    const typed = operandsOf(session, args);
    const meant = mayBeHabit(typed[0] ?? '') ? await meantBy(args, typed, io) : args;
    await declareCommands(program, session, operandsOf(session, meant));
    await program.parseAsync([...meant], { from: 'user' });
    return session.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODE.ok : EXIT_CODE.usage;
    io.writeError(errorText(error, formatOf(program), io.env.SLASH32_DEBUG === '1'));
    return exitCodeOf(error);
  }
}

/** In a program of its own, since reading options leaves their values behind. */
function operandsOf(session: CliSession, args: readonly string[]): readonly string[] {
  return createProgram(session).parseOptions([...args]).operands;
}

/** The command line with the words of another program's in ours; unchanged, and an unknown command, if nobody knows them. */
async function meantBy(args: readonly string[], typed: readonly string[], io: CommandIo): Promise<readonly string[]> {
  const { translateHabit } = await import('./habits.ts');
  const words = translateHabit(typed);
  if (words === undefined) {
    throw new FabricError('usage', `"${typed.join(' ')}" is no command here; fabricctl help habits has what is`);
  }
  io.writeError(`fabricctl ${words.join(' ')}\n`);
  const options: string[] = [];
  let next = 0;
  for (const arg of args) {
    if (arg === typed[next]) next += 1;
    else options.push(arg);
  }
  return [...options, ...words];
}

/** The program with every command loaded; for completion, which needs to know them all. */
export async function createWholeProgram(session: CliSession): Promise<Command> {
  const program = createProgram(session);
  await declareCommands(program, session, undefined);
  return program;
}

function createProgram(session: CliSession): Command {
  const { io } = session;
  const program = new Command('fabricctl')
    .description('Looks into and changes a slash32 fabric: its resources, its daemons, who reaches whom and why.')
    .usage('[options] <command>')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.writeOut(text),
      writeErr: (text) => io.writeError(text),
      getOutHelpWidth: () => io.columns ?? 100,
      getErrHelpWidth: () => io.columns ?? 100,
      outputError: (text, write) => write(usageErrorLine(text)),
    })
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError(true);
  declareGlobalOptions(program, io.env);
  program.version(VERSION, '-V, --version', 'print the version');
  declareHelpTopics(program, session);
  return program;
}

/** Declares all commands, with bodies only for those that `words` may mean; `undefined`: for all. */
async function declareCommands(
  program: Command,
  session: CliSession,
  words: readonly string[] | undefined,
): Promise<void> {
  for (const entry of COMMAND_TABLE) {
    if (words === undefined || isMeant(entry, words)) (await entry.load())(program, session);
    else program.command(entry.name).description(entry.summary);
  }
}

function isMeant({ name }: CommandEntry, words: readonly string[]): boolean {
  return words[0] === name || (words[0] === 'help' && words[1] === name);
}

/** commander's error text, one line, with where to read on. */
function usageErrorLine(text: string): string {
  const line = text
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
  return `${line}; --help shows the usage\n`;
}

function formatOf(program: Command): OutputFormat {
  return program.opts<{ output?: OutputFormat }>().output ?? 'table';
}
