import { SystemClock, sleep } from '@slash32/shared';

/** `idleMs`: how long to leave the machine alone before each round. */
export async function medianMs(rounds: number, work: (round: number) => Promise<unknown>, idleMs = 0): Promise<number> {
  const samples: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (idleMs > 0) await sleep(new SystemClock(), idleMs);
    const startMs = performance.now();
    await work(round);
    samples.push(performance.now() - startMs);
  }
  return samples.toSorted((left, right) => left - right)[Math.floor(rounds / 2)] ?? Number.NaN;
}

/** The longest time for which the event loop served no timer while `work` ran. */
export async function longestPauseMs(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const note = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(note, 1);
  await work();
  note();
  clearInterval(timer);
  return longest;
}

export function report(what: string, ms: number): void {
  process.stderr.write(`latency: ${what}: ${ms.toFixed(2)} ms\n`);
}
