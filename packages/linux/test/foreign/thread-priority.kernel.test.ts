import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';

const MODULE = new URL('../../src/foreign/thread-priority.ts', import.meta.url);

/** Raises its priority, tells the outcome and which thread it is, and waits to be ended. */
const PROGRAM = `
const { readlinkSync } = require('node:fs');
const { parentPort } = require('node:worker_threads');
import(${JSON.stringify(MODULE.href)}).then(({ raiseThreadPriority }) => {
  parentPort.postMessage({ outcome: raiseThreadPriority(), thread: readlinkSync('/proc/thread-self').split('/').at(-1) });
});
setInterval(() => {}, 60_000);
`;

/** Scheduling policy by thread: 0 ordinary, 2 round robin (field 41 of proc_pid_stat(5)). */
function policies(): ReadonlyMap<string, number> {
  return new Map(
    readdirSync('/proc/self/task').map((task) => {
      const fields = readFileSync(`/proc/self/task/${task}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      return [task, Number(fields[38])];
    }),
  );
}

/** Root of a user namespace has no say in the machine's scheduling. */
function isRootOfTheMachine(): boolean {
  return process.getuid?.() === 0 && /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
}

describe('raiseThreadPriority', () => {
  it('makes the calling thread a real-time one, and no other', async () => {
    const worker = new Worker(PROGRAM, { eval: true });
    try {
      const { outcome, thread } = await new Promise<{ outcome: string; thread: string }>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
      const found = policies();
      if (isRootOfTheMachine()) expect(outcome).toBe('real-time');
      expect([...found].filter(([, policy]) => policy !== 0)).toEqual(outcome === 'real-time' ? [[thread, 2]] : []);
    } finally {
      await worker.terminate();
    }
  });

  it('falls back where it may not', () => {
    const script = `import(${JSON.stringify(MODULE.href)}).then((m) => console.log(m.raiseThreadPriority()))`;
    const words = ['--inh-caps=-sys_nice', '--bounding-set=-sys_nice', '--', process.execPath, '-e', script];
    expect(execFileSync('setpriv', words, { encoding: 'utf8' }).trim()).toBe('ordinary');
  });
});
