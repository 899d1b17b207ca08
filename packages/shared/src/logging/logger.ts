import { createRequire } from 'node:module';
import type { DestinationStream, pino as Pino } from 'pino';

/** Object first, constant message second; a bare message where there is nothing to say besides. */
export interface LogMethod {
  (fields: object, message: string): void;
  (message: string): void;
}

/**
 * The part of pino's logger that slash32 uses. `error`: an operator must act; `warn`: degraded and healing itself;
 * `info`: state changes; `debug`: per message.
 */
export interface Logger {
  readonly error: LogMethod;
  readonly warn: LogMethod;
  readonly info: LogMethod;
  readonly debug: LogMethod;
  child(fields: object): Logger;
}

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggerOptions {
  /** Name of the daemon or tool. */
  readonly name: string;
  readonly level: LogLevel;
  /** Name of the Host, on every line. */
  readonly host?: string;
  /** Where lines go; standard error if left out. */
  readonly destination?: DestinationStream;
}

const SECRET_FIELDS = ['password', 'passphrase', 'secret', 'token', 'md5Key', 'privateKey', 'authorization'];

/** A pino logger: one JSON object a line, time in ISO 8601, fields that are named like secrets redacted. */
export function createLogger(options: LoggerOptions): Logger {
  // Loaded on first use: tools that never log must not pay for it at their start.
  const { pino } = createRequire(import.meta.url)('pino') as { pino: typeof Pino };
  return pino(
    {
      name: options.name,
      level: options.level,
      base: options.host === undefined ? { pid: process.pid } : { pid: process.pid, host: options.host },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
        censor: '[redacted]',
      },
    },
    options.destination ?? pino.destination({ fd: 2, sync: true }),
  );
}

const ignore: LogMethod = () => undefined;

/** Says nothing; for tests and for callers that pass no logger. */
export const silentLogger: Logger = {
  error: ignore,
  warn: ignore,
  info: ignore,
  debug: ignore,
  child: () => silentLogger,
};
