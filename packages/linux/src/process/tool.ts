import { FabricError } from '@slash32/shared';

/** A program that does the work, and what its failures are called. */
export interface Tool {
  readonly command: string;
  /** The Debian package that has it. */
  readonly debianPackage: string;
  /** First part of error codes: `nft` makes `nft.unavailable` and `nft.timeout`. */
  readonly area: string;
}

/** How long one call of a tool may take, unless said otherwise. */
export const DEFAULT_TOOL_TIMEOUT_MS = 30_000;

export function toolUnavailable(tool: Tool, reason: string, cause?: unknown): FabricError {
  return new FabricError(
    `${tool.area}.unavailable`,
    `cannot run ${tool.command}: ${reason}; is the Debian package ${tool.debianPackage} installed, and is this root?`,
    { details: { command: tool.command, debianPackage: tool.debianPackage, reason }, cause },
  );
}

export function toolTimeout(tool: Tool, timeoutMs: number): FabricError {
  return new FabricError(
    `${tool.area}.timeout`,
    `${tool.command} did not finish within ${timeoutMs} ms and was ended; what it did is unknown: list again`,
    { details: { command: tool.command, timeoutMs } },
  );
}
