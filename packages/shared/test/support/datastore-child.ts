/**
 * A writer in a process of its own, for tests of locking: `node datastore-child.ts DIRECTORY increment TIMES`
 * adds to a label of Host/counter by compare-and-swap; `… hold` takes the lock and never lets go.
 */
import { writeSync } from 'node:fs';
import { lockDirectory } from '../../src/datastore/dir/directory-lock.ts';
import { DirDatastore, hasErrorCode, hostSchema, SystemClock, silentLogger } from '../../src/index.ts';

const [directory = '', action, times] = process.argv.slice(2);
const clock = new SystemClock();

if (action === 'hold') {
  await lockDirectory(directory, clock);
  writeSync(1, 'held\n');
  setInterval(() => undefined, 60_000);
} else {
  const datastore = await DirDatastore.open(directory, { clock, logger: silentLogger });
  for (let done = 0; done < Number(times); ) {
    const entry = await datastore.get('Host/counter');
    const count = Number(entry?.resource.metadata.labels.count ?? 0) + 1;
    const host = hostSchema.parse({
      apiVersion: 'slash32.dev/v1',
      kind: 'Host',
      metadata: { name: 'counter', labels: { count: String(count) } },
      spec: { address: '192.0.2.1' },
    });
    try {
      await datastore.put(host, { expectedRevision: entry?.revision ?? null });
      done += 1;
      writeSync(1, '.');
    } catch (error) {
      if (!hasErrorCode(error, 'datastore.conflict')) throw error;
    }
  }
  await datastore[Symbol.asyncDispose]();
}
