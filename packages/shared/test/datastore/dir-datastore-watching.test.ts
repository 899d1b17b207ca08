import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type DatastoreEvent, DirDatastore, SystemClock, type Timer } from '../../src/index.ts';
import { host, makeFixture, options } from '../support/directory-fixture.ts';
import { sampleHost } from '../support/sample-resources.ts';
import { until } from '../support/until.ts';
import { WatchRecorder } from '../support/watch-recorder.ts';

describe('watching', () => {
  test('moving a file or a directory changes nothing for a watcher', async () => {
    await using fixture = await makeFixture();
    mkdirSync(fixture.path('rack-a'));
    fixture.write('rack-a/a.yaml', host('a'));
    fixture.write('b.yaml', host('b'));
    await using watch = await fixture.watch();
    renameSync(fixture.path('b.yaml'), fixture.path('c.yaml'));
    renameSync(fixture.path('rack-a'), fixture.path('rack-b'));
    fixture.write('rack-b/marker.yaml', host('marker'));
    await until('the marker is seen', () => watch.state.has('Host/marker'));
    await until('the moves are through', async () => {
      const { entries } = await fixture.datastore.list();
      return entries.every(({ origin }) => !/rack-a|b\.yaml/.test(origin?.file ?? ''));
    });
    expect(watch.events.filter((event) => event.type === 'delete')).toEqual([]);
    expect([...watch.state.keys()].sort()).toEqual(['Host/a', 'Host/b', 'Host/marker']);
  });

  test('new directories are watched, deep ones and recreated ones too', async () => {
    await using fixture = await makeFixture();
    await using watch = await fixture.watch();
    mkdirSync(fixture.path('x/y/z'), { recursive: true });
    fixture.write('x/y/z/a.yaml', host('a'));
    await until('a came', () => watch.state.has('Host/a'));
    fixture.write('x/y/z/b.yaml', host('b'));
    await until('b came', () => watch.state.has('Host/b'));
    rmSync(fixture.path('x'), { recursive: true });
    await until('both went', () => watch.state.size === 0);
    mkdirSync(fixture.path('x/y'), { recursive: true });
    fixture.write('x/y/c.yaml', host('c'));
    await until('c came', () => watch.state.has('Host/c'));
  });

  test("another process's put is seen without waiting for quiet", async () => {
    await using fixture = await makeFixture();
    await using writer = await DirDatastore.open(fixture.path('.'), options);
    await writer.put(sampleHost('warm'));
    await using watch = await fixture.watch();
    const delays: number[] = [];
    for (let round = 0; round < 9; round += 1) {
      const entry = await writer.put(sampleHost('a', `192.0.2.${round + 1}`));
      const start = performance.now();
      await until('it came', () => watch.state.get('Host/a')?.revision === entry.revision);
      delays.push(performance.now() - start);
    }
    // The quiet time of foreign writes is 50 ms; the median is far below even on a busy machine.
    expect(delays.sort((left, right) => left - right)[4]).toBeLessThan(45);
  });

  test('what inotify does not tell, the periodic rescan finds', async () => {
    await using fixture = await makeFixture();
    // A link out of the tree: nobody watches the directory of its target.
    mkdirSync(fixture.path('outside'));
    mkdirSync(fixture.path('fabric'));
    fixture.write('outside/a', host('a'));
    symlinkSync('../outside/a', fixture.path('fabric/a.yaml'));
    const rescans: (() => void)[] = [];
    class ImpatientClock extends SystemClock {
      override schedule(delayMs: number, action: () => void, scheduling?: { keepAlive?: boolean }): Timer {
        if (delayMs === 30_000) rescans.push(action);
        return super.schedule(delayMs, action, scheduling);
      }
    }
    await using datastore = await DirDatastore.open(fixture.path('fabric'), {
      ...options,
      clock: new ImpatientClock(),
    });
    await using watch = new WatchRecorder(datastore);
    await watch.untilInSync();
    fixture.write('outside/a', host('a', '192.0.2.2'));
    expect(watch.state.get('Host/a')?.resource).toEqual(sampleHost('a'));
    rescans.at(-1)?.();
    await until('the rescan found it', () => JSON.stringify(watch.state.get('Host/a')).includes('192.0.2.2'));
  });

  test('losing the directory freezes the last good state; its return is noticed', async () => {
    await using fixture = await makeFixture();
    mkdirSync(fixture.path('fabric'));
    fixture.write('fabric/a.yaml', host('a'));
    await using datastore = await DirDatastore.open(fixture.path('fabric'), options);
    await using watch = new WatchRecorder(datastore);
    await watch.untilInSync();
    renameSync(fixture.path('fabric'), fixture.path('gone'));
    await until('the loss is reported', async () => {
      await datastore.list();
      return watch.problems.some((problem) => problem.code === 'datastore.unreachable');
    });
    expect([...watch.state.keys()]).toEqual(['Host/a']);
    mkdirSync(fixture.path('fabric'));
    await until('an empty directory in its place is not believed', async () => {
      await datastore.list();
      return watch.problems.some((problem) => problem.message.includes('file system mounted'));
    });
    expect([...watch.state.keys()]).toEqual(['Host/a']);
    rmSync(fixture.path('fabric'), { recursive: true });
    renameSync(fixture.path('gone'), fixture.path('fabric'));
    fixture.write('fabric/b.yaml', host('b'));
    await until('it is followed again', () => watch.state.has('Host/b') && watch.problems.length === 0);
    expect(watch.events.filter((event: DatastoreEvent) => event.type === 'delete')).toEqual([]);
  });
});
