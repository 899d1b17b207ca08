/** Loaded into bgp-speaker before its own code (`--import`): SIGUSR2 keeps the main thread busy for BLOCKED_MS. */
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.on('SIGUSR2', () => {
    const endMs = performance.now() + Number(process.env.BLOCKED_MS);
    while (performance.now() < endMs);
  });
}
