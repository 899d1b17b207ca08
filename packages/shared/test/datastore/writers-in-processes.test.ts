import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { DirDatastore, SystemClock, silentLogger } from '../../src/index.ts';
import { sampleHost } from '../support/sample-resources.ts';
import { makeTemporaryDirectory } from '../support/temporary-directory.ts';

const NODE = fileURLToPath(new URL('../../../../node_modules/.bin/node', import.meta.url));
const CHILD = fileURLToPath(new URL('../support/datastore-child.ts', import.meta.url));
const options = { clock: new SystemClock(), logger: silentLogger };

function startChild(directory: string, ...args: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn(NODE, [CHILD, directory, ...args]);
}

async function untilOutput(child: ChildProcessWithoutNullStreams): Promise<void> {
  await once(child.stdout, 'data');
}

async function exitOf(
  child: ChildProcessWithoutNullStreams,
): Promise<{ readonly code: number | null; readonly errors: string }> {
  let errors = '';
  child.stdout.resume();
  child.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return { code, errors };
}

test('no increment of three processes is lost', async () => {
  await using directory = await makeTemporaryDirectory();
  const children = [1, 2, 3].map(() => startChild(directory.path, 'increment', '15'));
  expect(await Promise.all(children.map(exitOf))).toEqual(Array(3).fill({ code: 0, errors: '' }));
  await using datastore = await DirDatastore.open(directory.path, options);
  expect((await datastore.get('Host/counter'))?.resource.metadata.labels).toEqual({ count: '45' });
});

test('a writer that is killed leaves no lock, no half file and no problem', async () => {
  await using directory = await makeTemporaryDirectory();
  const holder = startChild(directory.path, 'hold');
  await untilOutput(holder);
  holder.kill('SIGKILL');
  await exitOf(holder);
  await using datastore = await DirDatastore.open(directory.path, options);
  const start = performance.now();
  await datastore.put(sampleHost('a'));
  expect(performance.now() - start).toBeLessThan(2_000);
  expect(readdirSync(directory.path)).toEqual(['.slash32', 'host']);
  expect(readdirSync(join(directory.path, '.slash32'))).toEqual(['last-writer']);

  for (let round = 0; round < 3; round += 1) {
    const writer = startChild(directory.path, 'increment', '1000000');
    await untilOutput(writer);
    writer.kill('SIGKILL');
    await exitOf(writer);
    const { entries, problems } = await datastore.list();
    expect(problems).toEqual([]);
    expect(entries.map(({ key }) => key)).toEqual(['Host/a', 'Host/counter']);
    await datastore.put(sampleHost('a', `192.0.2.${round + 10}`));
  }
  // The last put held the lock and swept up after the killed ones.
  expect(readdirSync(join(directory.path, 'host'))).toEqual(['a.yaml', 'counter.yaml']);
});
