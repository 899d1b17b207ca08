import type { Clock } from './clock.ts';

/** Resolves after `delayMs`; rejects with the signal's reason once it aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const abort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.schedule(
      delayMs,
      () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      },
      { keepAlive: true },
    );
    signal?.addEventListener('abort', abort, { once: true });
  });
}
