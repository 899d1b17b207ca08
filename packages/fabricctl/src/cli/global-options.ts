import { type Command, Option } from 'commander';

/** Formats that only commands with something to draw have. */
export const DRAWING_FORMATS = ['dot', 'svg'] as const;
export type DrawingFormat = (typeof DRAWING_FORMATS)[number];

export const OUTPUT_FORMATS = ['table', 'wide', 'name', 'json', 'yaml', ...DRAWING_FORMATS] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export function isDrawingFormat(format: OutputFormat): format is DrawingFormat {
  return DRAWING_FORMATS.some((each) => each === format);
}

/** Options that every command takes, before or after its name. */
export interface GlobalOptions {
  readonly datastore: string;
  /** Paths of control sockets; several where one machine runs several hosts' daemons. */
  readonly agentSocket: readonly string[];
  readonly speakerSocket: readonly string[];
  readonly output: OutputFormat;
  readonly color: boolean;
}

export const DEFAULT_DATASTORE = 'dir:/etc/slash32/fabric';
export const DEFAULT_AGENT_SOCKET = '/run/slash32/felix-agent.sock';
export const DEFAULT_SPEAKER_SOCKET = '/run/slash32/bgp-speaker.sock';

type Environment = Readonly<Record<string, string | undefined>>;

/** Declares the options on the program; the environment gives what the command line leaves out. */
export function declareGlobalOptions(program: Command, env: Environment): void {
  program
    .addOption(
      new Option('--datastore <url>', 'where the resources are (env SLASH32_DATASTORE)').default(
        env.SLASH32_DATASTORE || DEFAULT_DATASTORE,
      ),
    )
    .addOption(socketOption('--agent-socket', "felix-agent's", 'SLASH32_AGENT_SOCKET', DEFAULT_AGENT_SOCKET, env))
    .addOption(socketOption('--speaker-socket', "bgp-speaker's", 'SLASH32_SPEAKER_SOCKET', DEFAULT_SPEAKER_SOCKET, env))
    .addOption(
      new Option('-o, --output <format>', 'how to print; dot and svg: for drawings')
        .choices(OUTPUT_FORMATS)
        .default('table'),
    )
    .addOption(new Option('--no-color', 'no colour (env NO_COLOR)'));
}

/** A path that may be given several times; in the environment, several are separated by colons as in PATH. */
function socketOption(flag: string, whose: string, variable: string, fallback: string, env: Environment): Option {
  const fromEnv = (env[variable] ?? '').split(':').filter((path) => path !== '');
  const initial = fromEnv.length > 0 ? fromEnv : [fallback];
  return new Option(`${flag} <path>`, `${whose} control socket; repeatable (env ${variable})`)
    .default(initial, initial.join(':'))
    .argParser((path: string, previous: readonly string[]) => (previous === initial ? [path] : [...previous, path]));
}
