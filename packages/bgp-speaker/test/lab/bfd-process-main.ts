/**
 * A BfdService as a program. Arguments: sessions as JSON. Prints each status as a line of JSON; SIGUSR2 blocks the main
 * thread for 2 s; SIGHUP prints the counts of all sessions; SIGTERM ends it in order.
 */
import { SystemClock, silentLogger } from '@slash32/shared';
import { BfdService, type BfdSessionSettings } from '../../src/bfd/bfd-service.ts';

const BLOCKED_MS = 2000;

const service = new BfdService({ clock: new SystemClock(), logger: silentLogger });
const print = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
const handles = process.argv
  .slice(2)
  .map((text, index) =>
    service.add(JSON.parse(text) as BfdSessionSettings, (status, previous) => print({ index, status, previous })),
  );
const alive = setInterval(() => undefined, 60_000);

process.on('SIGUSR2', () => {
  // Standard output is a pipe, so this leaves before the loop begins.
  print({ blocking: true });
  const endMs = performance.now() + BLOCKED_MS;
  while (performance.now() < endMs);
  print({ blockedMs: BLOCKED_MS });
});
process.on('SIGHUP', () => print({ counts: handles.map(({ counts }) => counts), cpu: process.cpuUsage() }));
process.on('SIGTERM', async () => {
  await service[Symbol.asyncDispose]();
  clearInterval(alive);
});
