import { setTimeout as delay } from 'node:timers/promises';

/** Asks `condition` every few milliseconds until it returns a value other than undefined; throws after `timeoutMs`. */
export async function waitUntil<Value>(
  what: string,
  timeoutMs: number,
  condition: () => Promise<Value | undefined> | Value | undefined,
): Promise<Value> {
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined) return value;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`gave up after ${timeoutMs} ms waiting for: ${what}`, { cause: lastError });
    }
    await delay(10);
  }
}
