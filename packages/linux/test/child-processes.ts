import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, vi } from 'vitest';

/** Process ids of our children whose command name and arguments match. */
export function children(pattern: RegExp): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        const [, parent] = / \((?:.*)\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return Number(parent) === process.pid && pattern.test(command);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Resolves when the child is dead and we, its parent, know. */
export async function killChild(pattern: RegExp): Promise<void> {
  const pids = children(pattern);
  expect(pids).toHaveLength(1);
  for (const pid of pids) {
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(existsSync(`/proc/${pid}`)).toBe(false));
  }
}

/** What `work` throws; undefined if it does not. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}
