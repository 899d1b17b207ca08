import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type DatastoreEvent,
  DirDatastore,
  openDatastore,
  SystemClock,
  silentLogger,
  type Timer,
} from '../../src/index.ts';
import { sampleHost, sampleInstance } from '../support/sample-resources.ts';
import { makeTemporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';
import { WatchRecorder } from '../support/watch-recorder.ts';
import { datastoreCompliance } from './datastore-compliance.ts';

const options = { clock: new SystemClock(), logger: silentLogger };

datastoreCompliance('dir', async () => {
  const directory = await makeTemporaryDirectory();
  const first = await DirDatastore.open(directory.path, options);
  const second = await DirDatastore.open(directory.path, options);
  return {
    first,
    second,
    async dispose() {
      await first[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
});

const host = (name: string, address = '192.0.2.1'): string =>
  `apiVersion: slash32.dev/v1\nkind: Host\nmetadata: { name: ${name} }\nspec: { address: ${address} }\n`;

/** A datastore on a fresh directory, and ways to edit it like a person. */
async function makeFixture() {
  const directory = await makeTemporaryDirectory();
  const datastore = await DirDatastore.open(directory.path, options);
  const path = (name: string): string => join(directory.path, name);
  return {
    datastore,
    path,
    write: (name: string, text: string): void => writeFileSync(path(name), text),
    /** What is in the directory, without what is hidden. */
    names: (): string[] => readdirSync(directory.path).filter((name) => !name.startsWith('.')),
    read: (name: string): string => readFileSync(path(name), 'utf8'),
    async watch(): Promise<WatchRecorder> {
      const recorder = new WatchRecorder(datastore);
      await recorder.untilInSync();
      return recorder;
    },
    async [Symbol.asyncDispose]() {
      await datastore[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

describe('files', () => {
  test('any layout is read; hidden, temporary and other files are not', async () => {
    await using fixture = await makeFixture();
    mkdirSync(fixture.path('racks/a'), { recursive: true });
    mkdirSync(fixture.path('.git'));
    fixture.write('all.yml', `# two\n${host('one')}---\n${host('two')}`);
    fixture.write('racks/a/three.yaml', host('three'));
    for (const ignored of [
      '.git/x.yaml',
      '.four.yaml',
      'four.yaml~',
      'four.yaml.tmp',
      '.four.yaml.swp',
      'README.md',
      '#four.yaml',
    ]) {
      fixture.write(ignored, host('four'));
    }
    const { entries, problems } = await fixture.datastore.list();
    expect(problems).toEqual([]);
    expect(entries.map(({ key, origin }) => [key, origin])).toEqual([
      ['Host/one', { file: fixture.path('all.yml'), line: 2 }],
      ['Host/three', { file: fixture.path('racks/a/three.yaml'), line: 1 }],
      ['Host/two', { file: fixture.path('all.yml'), line: 7 }],
    ]);
  });

  test('a resource in two files: the first by path counts, the other is a problem, whatever came first', async () => {
    await using fixture = await makeFixture();
    fixture.write('b.yaml', host('x', '192.0.2.2'));
    await using watch = await fixture.watch();
    fixture.write('a.yaml', `\n${host('x', '192.0.2.1')}`);
    await until('the first by path counts', () => JSON.stringify(watch.state.get('Host/x')).includes('192.0.2.1'));
    expect(watch.problems).toEqual([
      {
        code: 'manifest.duplicate-resource',
        file: fixture.path('b.yaml'),
        line: 1,
        key: 'Host/x',
        message: `Host/x is defined at ${fixture.path('a.yaml')}:2 already, which counts; delete one of the two`,
      },
    ]);
    rmSync(fixture.path('a.yaml'));
    await until('the other takes its place', () => JSON.stringify(watch.state.get('Host/x')).includes('192.0.2.2'));
    expect(watch.problems).toEqual([]);
    expect(watch.events.filter((event) => event.type === 'delete')).toEqual([]);
  });

  test('put creates a file by kind, namespace and name; delete removes it', async () => {
    await using fixture = await makeFixture();
    await fixture.datastore.put(sampleInstance('web-1'));
    await fixture.datastore.put(sampleHost('a'));
    expect(fixture.read('host/a.yaml')).toBe(
      'apiVersion: slash32.dev/v1\nkind: Host\nmetadata:\n  name: a\nspec:\n  address: 192.0.2.1\n',
    );
    expect(readdirSync(fixture.path('instance/tenant-a'))).toEqual(['web-1.yaml']);
    await fixture.datastore.delete('Instance/tenant-a/web-1');
    expect(readdirSync(fixture.path('instance/tenant-a'))).toEqual([]);
  });

  test('put changes a document in place and keeps comments, other documents and the mode', async () => {
    await using fixture = await makeFixture();
    const group = [
      '# owned by the web team',
      'apiVersion: slash32.dev/v1',
      'kind: AddressGroup',
      'metadata: { name: office, namespace: tenant-a }',
      'spec:',
      '  cidrs:',
      '    - 198.51.100.0/24 # main building',
      '    - 203.0.113.0/24 # annex',
      '',
    ].join('\n');
    const other = `---\n# do not touch\n${host('a')}`;
    fixture.write('mixed.yaml', `${group}${other}`);
    chmodSync(fixture.path('mixed.yaml'), 0o640);
    const entry = await fixture.datastore.get('AddressGroup/tenant-a/office');
    if (entry?.resource.kind !== 'AddressGroup') throw new Error('not found');
    const cidrs = ['192.0.2.0/24', '203.0.113.0/24'];
    await fixture.datastore.put({ ...entry.resource, spec: { cidrs } }, { expectedRevision: entry.revision });
    expect(fixture.read('mixed.yaml')).toBe(`${group.replace('198.51.100.0/24', '192.0.2.0/24')}${other}`);
    expect(statSync(fixture.path('mixed.yaml')).mode & 0o777).toBe(0o640);
    expect(fixture.names()).toEqual(['mixed.yaml']);
    await fixture.datastore.delete('AddressGroup/tenant-a/office');
    expect(fixture.read('mixed.yaml')).toBe(other);
  });

  test('put repairs a faulty document rather than adding a second one', async () => {
    await using fixture = await makeFixture();
    fixture.write('h.yaml', host('a', 'nonsense'));
    await fixture.datastore.put(sampleHost('a', '192.0.2.7'));
    expect(await fixture.datastore.list()).toMatchObject({ entries: [{ key: 'Host/a' }], problems: [] });
    expect(fixture.names()).toEqual(['h.yaml']);
  });

  test('delete removes every definition', async () => {
    await using fixture = await makeFixture();
    fixture.write('a.yaml', host('x'));
    fixture.write('b.yaml', `${host('x')}---\n${host('y')}`);
    expect(await fixture.datastore.delete('Host/x')).toBe(true);
    expect((await fixture.datastore.list()).entries.map(({ key }) => key)).toEqual(['Host/y']);
    expect(fixture.names()).toEqual(['b.yaml']);
  });

  test('a symbolic link to a manifest stays a link when it is written to', async () => {
    await using fixture = await makeFixture();
    mkdirSync(fixture.path('.store'));
    fixture.write('.store/real', host('a'));
    symlinkSync('.store/real', fixture.path('link.yaml'));
    await fixture.datastore.put(sampleHost('a', '192.0.2.9'));
    expect(fixture.read('.store/real')).toContain('192.0.2.9');
    expect(
      readdirSync(fixture.path('.'), { withFileTypes: true })
        .find((entry) => entry.name === 'link.yaml')
        ?.isSymbolicLink(),
    ).toBe(true);
  });
});

describe('half-written and faulty files', () => {
  test('a file that grows is read once it is complete', async () => {
    await using fixture = await makeFixture();
    await using watch = await fixture.watch();
    const text = Array.from({ length: 6 }, (_, index) => host(`h${index}`)).join('---\n');
    for (let start = 0; start < text.length; start += 100) {
      appendFileSync(fixture.path('hosts.yaml'), text.slice(start, start + 100));
      await new Promise((resolve) => setTimeout(resolve, 8));
    }
    await until('all are there', () => watch.state.size === 6);
    const afterSync = watch.batches.slice(1).filter((batch) => batch.some((event) => event.type === 'put'));
    expect(afterSync).toHaveLength(1);
    expect(watch.events.filter((event) => event.type === 'problems' && event.problems.length > 0)).toEqual([]);
  });

  test('an unreadable file keeps the last good version of all it defined, and is listed with its line', async () => {
    await using fixture = await makeFixture();
    fixture.write('hosts.yaml', `${host('a')}---\n${host('b')}`);
    await using watch = await fixture.watch();
    fixture.write('hosts.yaml', `${host('a', '192.0.2.8')}---\nkind: Host\n\tmetadata: x\n`);
    await until('the problem is reported', () => watch.problems.length === 1);
    expect(watch.problems).toMatchObject([{ code: 'manifest.tab', file: fixture.path('hosts.yaml'), line: 7 }]);
    expect(watch.state.get('Host/a')?.resource).toEqual(sampleHost('a', '192.0.2.8'));
    expect(watch.state.get('Host/b')?.resource).toEqual(sampleHost('b'));
    fixture.write('hosts.yaml', host('a', '192.0.2.8'));
    await until('b is gone once the file is good without it', () => !watch.state.has('Host/b'));
    expect(watch.problems).toEqual([]);
  });

  test('a faulty document that names its resource keeps that one alone', async () => {
    await using fixture = await makeFixture();
    fixture.write('hosts.yaml', `${host('a')}---\n${host('b')}---\n${host('c')}`);
    await using watch = await fixture.watch();
    fixture.write('hosts.yaml', `${host('a', '192.0.2.300')}---\n${host('c')}`);
    await until('the problem is reported', () => watch.problems.length === 1);
    expect(watch.problems).toEqual([
      {
        code: 'manifest.invalid-field',
        file: fixture.path('hosts.yaml'),
        line: 4,
        column: 18,
        key: 'Host/a',
        path: 'spec.address',
        message: '`spec.address`: "192.0.2.300" is not an IP address; write it like 192.0.2.1 or 2001:db8::1',
      },
    ]);
    expect([...watch.state.keys()].sort()).toEqual(['Host/a', 'Host/c']);
    expect(watch.state.get('Host/a')?.resource).toEqual(sampleHost('a'));
  });

  test('a kept resource can be written and conflicts by its last good revision', async () => {
    await using fixture = await makeFixture();
    fixture.write('hosts.yaml', host('a'));
    await using watch = await fixture.watch();
    const good = watch.state.get('Host/a');
    fixture.write('hosts.yaml', '{ not yaml');
    await until('the problem is reported', () => watch.problems.length > 0);
    expect((await fixture.datastore.list()).entries).toMatchObject([{ key: 'Host/a', revision: good?.revision }]);
    await expect(fixture.datastore.delete('Host/a')).rejects.toMatchObject({
      code: 'datastore.not-writable',
      message: expect.stringContaining('repair that file'),
    });
    fixture.write('hosts.yaml', host('a', '192.0.2.3'));
    await until('it is repaired', () => watch.problems.length === 0);
    expect(watch.state.get('Host/a')?.resource).toEqual(sampleHost('a', '192.0.2.3'));
  });

  test('a deleted file deletes its resources, faulty or not', async () => {
    await using fixture = await makeFixture();
    fixture.write('a.yaml', host('a'));
    fixture.write('b.yaml', host('b'));
    await using watch = await fixture.watch();
    fixture.write('b.yaml', '{');
    await until('b is faulty', () => watch.problems.length === 1);
    rmSync(fixture.path('a.yaml'));
    rmSync(fixture.path('b.yaml'));
    await until('both are gone', () => watch.state.size === 0 && watch.problems.length === 0);
  });
});

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
    expect(delays.sort((left, right) => left - right)[4]).toBeLessThan(40);
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

describe('locking', () => {
  test('a lock whose process is gone is taken over; one of another machine is waited for', async () => {
    await using fixture = await makeFixture();
    mkdirSync(fixture.path('.slash32'));
    fixture.write('.slash32/lock', JSON.stringify({ pid: 999_999_999, scope: 'elsewhere', startTime: '1' }));
    setTimeout(() => rmSync(fixture.path('.slash32/lock')), 50);
    await fixture.datastore.put(sampleHost('a'));
    expect(fixture.names()).toEqual(['host']);
  });
});

describe('opening', () => {
  test('a missing directory is an error that says what to do', async () => {
    await expect(openDatastore('dir:/nonexistent/slash32', options)).rejects.toMatchObject({
      code: 'datastore.unreachable',
      message: expect.stringContaining('/nonexistent/slash32 does not exist'),
    });
  });

  test.each(['etcd://x', 'dir:', '/etc/slash32', ''])('%j is no datastore of this release', async (url) => {
    await expect(openDatastore(url, options)).rejects.toMatchObject({
      code: 'datastore.unknown-scheme',
      message: expect.stringContaining('dir:PATH'),
    });
  });
});
