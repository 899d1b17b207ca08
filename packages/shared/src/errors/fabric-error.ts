/**
 * The one error class of slash32. `code` is stable and is what callers match on; `message` is for people and
 * names the resource, the field and the remedy; `details` carries the same facts typed, for JSON output.
 */
export class FabricError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: Code, message: string, options: { details?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FabricError';
    this.code = code;
    this.details = options.details ?? {};
  }
}

/** True if `error` is a `FabricError` with this code. */
export function hasErrorCode<Code extends string>(error: unknown, code: Code): error is FabricError<Code> {
  return error instanceof FabricError && error.code === code;
}
