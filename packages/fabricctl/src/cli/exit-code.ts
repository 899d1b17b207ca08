import { FabricError } from '@slash32/shared';

/** What the process's exit status says. Stable: scripts depend on it. */
export const EXIT_CODE = {
  ok: 0,
  no: 1,
  usage: 2,
  invalid: 3,
  unavailable: 4,
  conflict: 5,
  internal: 70,
} as const;

export type ExitCode = (typeof EXIT_CODE)[keyof typeof EXIT_CODE];

/** For `fabricctl help exit-codes`, in order. */
export const EXIT_CODE_MEANINGS: readonly { readonly code: ExitCode; readonly meaning: string }[] = [
  { code: EXIT_CODE.ok, meaning: 'done; or the answer is "yes"' },
  {
    code: EXIT_CODE.no,
    meaning:
      'the answer is "no": status found something wrong; trace --live: dropped; with --exit-code: drops, down, drift, lint, changed flows',
  },
  { code: EXIT_CODE.usage, meaning: 'the command line is wrong' },
  { code: EXIT_CODE.invalid, meaning: 'a manifest or an argument is invalid; nothing was changed' },
  { code: EXIT_CODE.unavailable, meaning: 'something is not there: a file, a resource, the datastore, a daemon' },
  { code: EXIT_CODE.conflict, meaning: 'somebody else changed the resource at the same time; run the command again' },
  { code: EXIT_CODE.internal, meaning: 'a bug in fabricctl; SLASH32_DEBUG=1 prints the stack to report' },
];

/** Codes of `FabricError` that are not told by their prefix. */
const EXACT: Readonly<Record<string, ExitCode>> = {
  usage: EXIT_CODE.usage,
  'datastore.conflict': EXIT_CODE.conflict,
  'datastore.unknown-scheme': EXIT_CODE.usage,
  'explain.unknown-field': EXIT_CODE.usage,
  'trace.unknown-instance': EXIT_CODE.unavailable,
};

const INVALID_PREFIXES = [
  'manifest.',
  'address.',
  'prefix.',
  'selector.',
  'resource-key.',
  'resource.',
  'flow.',
  'trace.',
  'packet.',
];

/** System errors of files and sockets that an operator can do something about. */
const SYSTEM_ERRORS: ReadonlySet<string> = new Set([
  'EACCES',
  'EPERM',
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOSPC',
  'EROFS',
  'ELOOP',
  'EMFILE',
  'ENFILE',
  'EIO',
  'EDQUOT',
]);

/** The system's code of an expected failure, `EACCES`; `undefined` for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && SYSTEM_ERRORS.has(error.code) ? error.code : undefined;
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof FabricError) {
    const exact = EXACT[error.code];
    if (exact !== undefined) return exact;
    if (error.code.startsWith('usage.')) return EXIT_CODE.usage;
    return INVALID_PREFIXES.some((prefix) => error.code.startsWith(prefix)) ? EXIT_CODE.invalid : EXIT_CODE.unavailable;
  }
  return systemErrorCode(error) === undefined ? EXIT_CODE.internal : EXIT_CODE.unavailable;
}
