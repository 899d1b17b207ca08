import { appendFileSync, rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { host, makeFixture } from '../support/directory-fixture.ts';
import { sampleHost } from '../support/sample-resources.ts';
import { until } from '../support/until.ts';

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
