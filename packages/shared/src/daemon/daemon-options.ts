import { hostname } from 'node:os';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { FabricError } from '../errors/fabric-error.ts';
import { LOG_LEVELS, type LogLevel } from '../logging/logger.ts';
import { VERSION } from '../version.ts';

/** Options that every daemon has. */
export interface DaemonOptions {
  /** Name of this machine's Host resource. */
  readonly host: string;
  /** Datastore URL, `dir:/etc/slash32/fabric`. */
  readonly datastore: string;
  /** Path of the control socket. */
  readonly controlSocket: string;
  /** `ADDR:PORT` of metrics and health; absent: not served. */
  readonly metrics?: string;
  readonly logLevel: LogLevel;
}

/** An option of one daemon: `--NAME VALUE`, or `SLASH32_NAME` in the environment. */
export interface DaemonOptionSpec {
  /** For the help: `PORT`, `ADDR`. */
  readonly placeholder: string;
  readonly description: string;
  /** Text of the default; left out: the option may be absent. */
  readonly default?: string;
}

export interface DaemonOptionsConfig<Extra extends Record<string, DaemonOptionSpec>> {
  /** `felix-agent`. */
  readonly name: string;
  /** One sentence for the help. */
  readonly description: string;
  readonly defaultControlSocket: string;
  /** By option name in kebab-case: `bgp-port`. */
  readonly extra?: Extra;
}

/** Texts of a daemon's own options, by their kebab-case names; those without default may be undefined. */
export type ExtraOptions<Extra extends Record<string, DaemonOptionSpec>> = {
  readonly [Name in keyof Extra]: Extra[Name] extends { readonly default: string } ? string : string | undefined;
};

/**
 * Reads `argv` (without node and script), then `env`, then defaults. An option is `--log-level debug` or
 * `SLASH32_LOG_LEVEL=debug`. Throws `FabricError` `usage` (message ends with the help), or `usage.help` for `--help`
 * and `--version`; `runDaemon` prints both.
 */
export function readDaemonOptions<const Extra extends Record<string, DaemonOptionSpec> = Record<never, never>>(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  config: DaemonOptionsConfig<Extra>,
): DaemonOptions & { readonly extra: ExtraOptions<Extra> } {
  const specs: Record<string, DaemonOptionSpec> = {
    host: { placeholder: 'NAME', description: "name of this machine's Host resource", default: hostname() },
    datastore: {
      placeholder: 'URL',
      description: 'where the resources are',
      default: 'dir:/etc/slash32/fabric',
    },
    'control-socket': {
      placeholder: 'PATH',
      description: 'UNIX socket that fabricctl asks',
      default: config.defaultControlSocket,
    },
    metrics: { placeholder: 'ADDR:PORT', description: 'serve /metrics, /healthz and /readyz there; left out: not' },
    'log-level': { placeholder: 'LEVEL', description: `one of ${LOG_LEVELS.join(', ')}`, default: 'info' },
    ...config.extra,
  };
  const help = formatHelp(config, specs);
  const values = parseValues(argv, Object.keys(specs), help);
  if (values.has('help')) throw new FabricError('usage.help', help);
  if (values.has('version')) throw new FabricError('usage.help', `${config.name} ${VERSION}`);

  const read = (name: string): string | undefined => {
    const text = values.get(name) ?? env[environmentName(name)] ?? specs[name]?.default;
    if (text === '')
      throw usageError(`--${name} (${environmentName(name)}) is empty; give it a value or leave it out`, help);
    return text;
  };
  const required = (name: string): string => {
    const text = read(name);
    if (text === undefined) throw usageError(`--${name} is missing`, help);
    return text;
  };

  const levelText = required('log-level');
  const logLevel = LOG_LEVELS.find((level) => level === levelText);
  if (logLevel === undefined) {
    throw usageError(`--log-level "${levelText}" is unknown; use one of ${LOG_LEVELS.join(', ')}`, help);
  }
  const metrics = read('metrics');
  const extra = Object.fromEntries(Object.keys(config.extra ?? {}).map((name) => [name, read(name)]));
  return {
    host: required('host'),
    datastore: required('datastore'),
    controlSocket: required('control-socket'),
    ...(metrics === undefined ? {} : { metrics }),
    logLevel,
    extra: extra as ExtraOptions<Extra>,
  };
}

function parseValues(argv: readonly string[], names: readonly string[], help: string): Map<string, string> {
  const options: ParseArgsConfig['options'] = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } };
  for (const name of names) options[name] = { type: 'string' };
  try {
    const { values } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false });
    return new Map(Object.entries(values).map(([name, value]) => [name, String(value)]));
  } catch (error) {
    throw usageError(error instanceof Error ? error.message : String(error), help, error);
  }
}

function environmentName(name: string): string {
  return `SLASH32_${name.toUpperCase().replaceAll('-', '_')}`;
}

function usageError(message: string, help: string, cause?: unknown): FabricError<'usage'> {
  return new FabricError('usage', `${message}\n\n${help}`, { cause });
}

function formatHelp(
  config: { readonly name: string; readonly description: string },
  specs: Readonly<Record<string, DaemonOptionSpec>>,
): string {
  const rows = Object.entries(specs).map(([name, spec]): [string, string] => [
    `--${name} ${spec.placeholder}`,
    `${spec.description}${spec.default === undefined ? '' : ` (default ${spec.default})`}; ${environmentName(name)}`,
  ]);
  rows.push(['-h, --help', 'this text'], ['--version', 'print the version']);
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    `Usage: ${config.name} [OPTIONS]`,
    '',
    config.description,
    '',
    'Options, each also as the environment variable named after it:',
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
  ].join('\n');
}
