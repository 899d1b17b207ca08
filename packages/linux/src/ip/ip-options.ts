import type { Clock } from '@slash32/shared';

/** For everything that runs `ip`. */
export interface IpOptions {
  readonly clock: Clock;
  /** How long one call of `ip` may take; 30 s if left out. */
  readonly timeoutMs?: number;
}

export const DEFAULT_TIMEOUT_MS = 30_000;
