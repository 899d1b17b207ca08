/** Asks until `probe` answers something other than `undefined` or `false`; throws with `what` after `timeoutMs`. */
export async function waitUntil<Answer>(
  what: string | (() => string),
  probe: () => Promise<Answer | undefined | false> | Answer | undefined | false,
  timeoutMs = 20_000,
  pauseMs = 20,
): Promise<Answer> {
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`not within ${timeoutMs} ms: ${typeof what === 'string' ? what : what()}`, { cause: lastError });
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
