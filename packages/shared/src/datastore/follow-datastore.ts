import type { Backoff } from '../lifecycle/backoff.ts';
import type { Logger } from '../logging/logger.ts';
import type { Clock } from '../time/clock.ts';
import { sleep } from '../time/sleep.ts';
import type { Datastore, DatastoreEvent } from './datastore.ts';

export interface DatastoreListener {
  /** A watch begins; all that exists follows, then `in-sync`. */
  onBegin(): void;
  onEvents(events: readonly DatastoreEvent[]): void;
  /** The datastore cannot be followed at present; what was last known stays in force. */
  onLost(error: unknown): void;
}

/** Follows the datastore until `signal` aborts; a watch that breaks is begun again, with back-off. */
export async function followDatastore(
  datastore: Datastore,
  listener: DatastoreListener,
  context: { readonly clock: Clock; readonly backoff: Backoff; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  const { clock, backoff, logger } = context;
  while (!signal.aborted) {
    let failure: unknown;
    try {
      listener.onBegin();
      for await (const events of datastore.watch(signal)) {
        backoff.reset();
        listener.onEvents(events);
      }
    } catch (error) {
      failure = error;
    }
    if (signal.aborted) return;
    listener.onLost(failure);
    const delayMs = backoff.nextDelayMs();
    logger.warn(
      { err: failure, datastore: datastore.description, retryInMs: Math.round(delayMs) },
      'datastore lost; the last known state stays in force',
    );
    await sleep(clock, delayMs, signal).catch(() => undefined);
  }
}
