/**
 * The demonstration: two racks come up, the seven screens are applied one by one, and real packets show who reaches
 * whom. Exit codes: 0 all as expected, 1 a flow differs, 2 usage or no sandbox, 130 interrupted.
 *
 *   scripts/sandbox node e2e/demo/main.ts [--json] [--keep]
 */

import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { binary } from '../harness/image-recipes.ts';
import { type ScreenResult, ScreenRun } from '../scenario/screen-run.ts';
import { DEFAULT_PLACEMENT, PARTIES, type Screen } from '../scenario/seven-screens.ts';
import { screenText } from './matrix-text.ts';

const HELP = `usage: make demo [ARGS="--json --keep"]
  --json  print the result as one JSON document on standard output; progress goes to standard error
  --keep  stay up afterwards, and print commands to explore with
`;

async function main(interrupted: AbortController): Promise<number> {
  const { values } = parseArgs({
    options: { json: { type: 'boolean' }, keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const started = performance.now();
  const progress = (line: string): void => {
    process.stderr.write(`${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s  ${line}\n`);
  };
  await using run = await ScreenRun.start(DEFAULT_PLACEMENT, { signal: interrupted.signal, progress });
  const color = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  const results: ScreenResult[] = [];
  for (const screen of run.screens) {
    interrupted.signal.throwIfAborted();
    progress(`screen ${screen.number}: ${screen.title}`);
    const result = await showWithLogs(run, screen, interrupted.signal);
    results.push(result);
    if (values.json !== true) process.stdout.write(`\n${screenText(result, PARTIES, { color })}\n`);
  }
  const faults = results.flatMap(({ outcomes }) => outcomes.filter(({ asExpected }) => !asExpected)).length;
  const seconds = (performance.now() - started) / 1000;
  if (values.json === true) process.stdout.write(`${JSON.stringify(jsonOf(results, seconds), null, 2)}\n`);
  else {
    const flows = results.reduce((sum, { outcomes }) => sum + outcomes.length, 0);
    const verdict = faults === 0 ? 'all as expected' : `${faults} NOT as expected`;
    process.stdout.write(`${results.length} screens, ${flows} flows tried in ${seconds.toFixed(1)} s: ${verdict}\n`);
  }
  if (faults > 0) process.stderr.write(await run.fabric.lab.describeLogs(15));
  if (values.keep === true) {
    process.stderr.write(exploreText(run));
    if (!interrupted.signal.aborted) await once(interrupted.signal, 'abort');
  }
  return faults === 0 ? 0 : 1;
}

/** Prints the end of every log when the screen cannot be shown at all. */
async function showWithLogs(run: ScreenRun, screen: Screen, signal: AbortSignal): Promise<ScreenResult> {
  try {
    return await run.show(screen);
  } catch (error) {
    if (!signal.aborted) process.stderr.write(await run.fabric.lab.describeLogs(15));
    throw error;
  }
}

function jsonOf(results: readonly ScreenResult[], seconds: number): unknown {
  const screens = results.map(({ screen, outcomes, applyMs, checkMs }) => ({
    screen: screen.number,
    title: screen.title,
    asExpected: outcomes.every(({ asExpected }) => asExpected),
    applyMs: Math.round(applyMs),
    checkMs: Math.round(checkMs),
    flows: outcomes.map(({ attempt, expectedSource, result, asExpected }) => ({
      from: attempt.from.name,
      to: attempt.to.name,
      transport: attempt.transport,
      port: attempt.port,
      expected: expectedSource === undefined ? 'drop' : 'pass',
      expectedSource: expectedSource ?? null,
      reached: result.reached,
      seenSource: result.seenSource ?? null,
      asExpected,
    })),
  }));
  return { asExpected: screens.every(({ asExpected }) => asExpected), seconds: Number(seconds.toFixed(1)), screens };
}

/** Commands for another terminal. Process ids in the sandbox are its own, so the way in is by the sandbox's outer one. */
function exploreText({ fabric }: ScreenRun): string {
  const node = (name: string, command: string): string =>
    `    nsenter -t ${fabric.lab.node(name).pid} --net --mount --uts -- ${command}`;
  const outer = process.env.SLASH32_SANDBOX_PID;
  const sandbox = outer === undefined ? "pgrep -n -f '[s]andbox-init.*demo/main.ts'" : `pgrep -P ${outer}`;
  return `
The lab stays up until you press Ctrl-C. From another terminal, as the same user:

  enter the sandbox (add --user when the demo runs without root):
    nsenter -t $(${sandbox}) --net --mount --pid -- sh

  then, inside it:
${node('compute-a1', `${binary('fabricctl')} status`)}
${node('compute-a1', `${binary('fabricctl')} bgp neighbors`)}
${node('compute-a1', `${binary('fabricctl')} policy trace prv def:4545/tcp`)}
${node('compute-b1', 'nft list table inet slash32')}
${node('tor-a', 'birdc -s /run/bird/bird.ctl show route')}
${node('tor-b', "vtysh --vty_socket /run/frr -c 'show bgp ipv4 unicast'")}
${node('pub', 'ip address')}
  logs: ${fabric.lab.logDirectory}
`;
}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
try {
  process.exitCode = await main(interrupted);
} catch (error) {
  // What fails while everything is being taken down is no news.
  if (interrupted.signal.aborted) process.exitCode = 130;
  else {
    process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
}
