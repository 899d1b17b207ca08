import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DirDatastore, FakeClock, openDatastore } from '../../src/index.ts';
import { host, makeFixture, options } from '../support/directory-fixture.ts';
import { sampleHost, sampleInstance } from '../support/sample-resources.ts';
import { makeTemporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';
import { datastoreCompliance } from './datastore-compliance.ts';

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

  test('a definition at its default path counts before all others', async () => {
    await using fixture = await makeFixture();
    fixture.write('a.yaml', host('x', '192.0.2.2'));
    mkdirSync(fixture.path('host'));
    fixture.write('host/x.yaml', host('x', '192.0.2.1'));
    await using watch = await fixture.watch();
    const { entries, problems } = await fixture.datastore.list();
    expect(entries).toMatchObject([{ resource: sampleHost('x', '192.0.2.1') }]);
    expect(problems).toMatchObject([{ code: 'manifest.duplicate-resource', file: fixture.path('a.yaml') }]);
    expect(await fixture.datastore.get('Host/x')).toEqual(entries[0]);
    rmSync(fixture.path('host/x.yaml'));
    await until('the other takes its place', () => JSON.stringify(watch.state.get('Host/x')).includes('192.0.2.2'));
    expect((await fixture.datastore.get('Host/x'))?.resource).toEqual(sampleHost('x', '192.0.2.2'));
  });

  test('get sees what others do to files, at once if it is at the default path or in the file found', async () => {
    await using fixture = await makeFixture();
    const addressOf = async (name: 'x' | 'y'): Promise<string | undefined> => {
      const resource = (await fixture.datastore.get(`Host/${name}`))?.resource;
      return resource?.kind === 'Host' ? resource.spec.address : undefined;
    };
    fixture.write('all.yaml', `${host('x', '192.0.2.1')}---\n${host('z')}`);
    expect(await addressOf('x')).toBe('192.0.2.1');
    expect(await addressOf('y')).toBeUndefined();
    fixture.write('all.yaml', `${host('z')}---\n${host('x', '192.0.2.3')}`);
    expect(await addressOf('x')).toBe('192.0.2.3');
    mkdirSync(fixture.path('host'));
    fixture.write('host/y.yaml', host('y', '192.0.2.4'));
    expect(await addressOf('y')).toBe('192.0.2.4');
    fixture.write('host/y.yaml', host('y', '192.0.2.5'));
    expect(await addressOf('y')).toBe('192.0.2.5');
    rmSync(fixture.path('all.yaml'));
    expect(await addressOf('x')).toBeUndefined();
  });

  test('put creates a file by kind, namespace and name; delete removes it', async () => {
    await using fixture = await makeFixture();
    await fixture.datastore.put(sampleInstance('web-1'));
    const { resource } = await fixture.datastore.put(sampleHost('a'));
    expect(fixture.read('host/a.yaml')).toBe(
      `apiVersion: slash32.dev/v1\nkind: Host\nmetadata:\n  name: a\n  creationTimestamp: "${resource.metadata.creationTimestamp}"\nspec:\n  address: 192.0.2.1\n`,
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

  test('the time of creation is the clock’s, and survives a fault in the document', async () => {
    await using directory = await makeTemporaryDirectory();
    const clock = new FakeClock({ wallStartMs: Date.UTC(2026, 0, 31, 12) });
    const created = '2026-01-31T12:00:00.000Z';
    const file = join(directory.path, 'host/a.yaml');
    {
      await using datastore = await DirDatastore.open(directory.path, { ...options, clock });
      expect((await datastore.put(sampleHost('a'))).resource.metadata.creationTimestamp).toBe(created);
    }
    writeFileSync(file, readFileSync(file, 'utf8').replace('192.0.2.1', 'nonsense'));
    clock.advance(60_000);
    await using datastore = await DirDatastore.open(directory.path, { ...options, clock });
    expect((await datastore.put(sampleHost('a'))).resource.metadata.creationTimestamp).toBe(created);
  });

  test('what was written by hand without a time of creation gets none later', async () => {
    await using fixture = await makeFixture();
    fixture.write('h.yaml', host('a'));
    await fixture.datastore.put(sampleHost('a', '192.0.2.7'));
    expect(fixture.read('h.yaml')).toBe(host('a', '192.0.2.7'));
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
