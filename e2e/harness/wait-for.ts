import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { FabricError } from '@slash32/shared';

export interface WaitOptions {
  /** What is awaited, for the error: "tor-a has a route to 203.0.113.10". */
  readonly what: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const POLL_INTERVAL_MS = 20;
/** Long enough for a machine that is busy with other things; a condition that holds is seen at once anyway. */
const DEFAULT_TIMEOUT_MS = 40_000;

/**
 * Observes until `accept` takes what it sees, and returns that. A rejected observation counts as "not yet". Throws
 * `FabricError` `wait.timeout` with what was observed last.
 */
export async function waitFor<Observed>(
  observe: () => Observed | Promise<Observed>,
  accept: (observed: Observed) => boolean,
  options: WaitOptions,
): Promise<Observed> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      const observed = await observe();
      if (accept(observed)) return observed;
      last = observed;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new FabricError(
        'wait.timeout',
        `${options.what}: not so within ${timeoutMs} ms; last seen: ${inspect(last, { depth: 6, breakLength: 160 })}`,
      );
    }
    await delay(POLL_INTERVAL_MS);
  }
}
