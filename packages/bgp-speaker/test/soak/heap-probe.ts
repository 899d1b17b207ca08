/**
 * Loaded into the daemon before its own code (`--import`, with `--expose-gc`): upon SIGUSR2 it collects all garbage and
 * writes what is left to the file that SOAK_MEMORY_FILE names, whole at once.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const file = process.env.SOAK_MEMORY_FILE;
if (isMainThread && file !== undefined) {
  process.on('SIGUSR2', () => {
    globalThis.gc?.();
    globalThis.gc?.();
    writeFileSync(`${file}.new`, JSON.stringify(process.memoryUsage()));
    renameSync(`${file}.new`, file);
  });
}
