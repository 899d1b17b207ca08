import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { TestFabric } from './command-run.ts';
import { SAMPLE } from './sample-manifests.ts';

const lines = (text: string): readonly string[] => text.trimEnd().split('\n');

const CACHE = `apiVersion: slash32.dev/v1
kind: Instance
metadata: { name: cache-1, namespace: tenant-a }
spec:
  host: compute-a1
  interface: tapcache1
  mac: 52:54:00:00:00:03
  network: nat
  addresses: [10.70.0.6]
  securityGroups: [web]
`;

let fabric: TestFabric;
beforeEach(async () => {
  fabric = await TestFabric.create(SAMPLE);
});
afterEach(() => fabric[Symbol.asyncDispose]());

describe('apply', () => {
  it('creates, then leaves alone, then configures and says which fields', async () => {
    const file = await fabric.write('cache.yaml', CACHE);
    expect(await fabric.run(['apply', '-f', file])).toEqual({
      code: 0,
      out: 'Instance/tenant-a/cache-1 created\n',
      err: '',
    });
    expect((await fabric.run(['apply', '-f', file])).out).toBe('Instance/tenant-a/cache-1 unchanged\n');
    await fabric.write('cache.yaml', CACHE.replace('10.70.0.6', '10.70.0.7'));
    expect((await fabric.run(['apply', '-f', file])).out).toBe(
      'Instance/tenant-a/cache-1 configured (spec.addresses[0])\n',
    );
    expect((await fabric.run(['get', 'inst', 'tenant-a/cache-1', '-o', 'json'])).out).toContain('10.70.0.7');
  });

  it('keeps when a resource was created, unless the manifest says otherwise', async () => {
    const created = async (): Promise<string> =>
      JSON.parse((await fabric.run(['get', 'inst/tenant-a/cache-1', '-o', 'json'])).out).metadata.creationTimestamp;
    await fabric.run(['apply', '-f', '-'], { input: CACHE });
    const first = await created();
    expect(Date.now() - Date.parse(first)).toBeLessThan(60_000);
    await fabric.run(['apply', '-f', '-'], { input: CACHE.replace('10.70.0.6', '10.70.0.7') });
    expect(await created()).toBe(first);
    const backup = (await fabric.run(['get', 'inst/tenant-a/cache-1', '-o', 'yaml'])).out;
    expect(backup).toContain(`creationTimestamp: "${first}"`);
    expect((await fabric.run(['apply', '-f', '-'], { input: backup })).out).toBe(
      'Instance/tenant-a/cache-1 unchanged\n',
    );
    const older = backup.replace(first, '2025-01-01T01:00:00+01:00');
    expect((await fabric.run(['apply', '-f', '-'], { input: older })).out).toBe(
      'Instance/tenant-a/cache-1 configured (metadata.creationTimestamp)\n',
    );
    expect(await created()).toBe('2025-01-01T00:00:00.000Z');
  });

  it('reads standard input', async () => {
    expect((await fabric.run(['apply', '-f', '-'], { input: CACHE })).out).toBe('Instance/tenant-a/cache-1 created\n');
  });

  it('reads a directory, and writes what others refer to first', async () => {
    await fabric.write('more/1-instance.yaml', CACHE.replace('[web]', '[cache]'));
    await fabric.write(
      'more/deep/2-group.yml',
      'apiVersion: slash32.dev/v1\nkind: SecurityGroup\nmetadata: { name: cache, namespace: tenant-a }\nspec: {}\n',
    );
    await fabric.write('more/.hidden.yaml', 'not: read');
    expect((await fabric.run(['apply', '-f', fabric.at('more')])).out).toBe(
      'SecurityGroup/tenant-a/cache created\nInstance/tenant-a/cache-1 created\n',
    );
  });

  it('applies nothing if anything is invalid, and points at every fault', async () => {
    const good = await fabric.write('good.yaml', CACHE);
    const bad = await fabric.write(
      'bad.yaml',
      `${CACHE.replace('cache-1', 'bad-1').replace('addresses', 'adresses')}---\napiVersion: slash32.dev/v1\nkind: Hots\nmetadata: { name: x }\nspec: {}\n`,
    );
    const { code, out, err } = await fabric.run(['apply', '-f', good, '-f', bad]);
    expect({ code, out }).toEqual({ code: 3, out: '' });
    const [first, second, ...rest] = lines(err);
    expect([first, second].join('\n')).toContain(`${bad}:9:3: `);
    expect(err).toMatch(/adresses.*addresses/);
    expect(err).toMatch(new RegExp(`${bad}:1[23]:\\d+: .*Host`));
    expect(rest.at(-1)).toMatch(/^error: \d+ problems; nothing was applied$/);
    expect((await fabric.run(['get', 'inst', 'cache-1', '-n', 'tenant-a'])).code).toBe(4);
  });

  it('keeps the comments of the file it changes', async () => {
    await fabric.write('fabric/tenant-a/cache.yaml', `# mind the gap\n${CACHE}`);
    await fabric.run(['apply', '-f', '-'], { input: CACHE.replace('10.70.0.6', '10.70.0.8') });
    const text = await readFile(fabric.at('fabric/tenant-a/cache.yaml'), 'utf8');
    expect(text).toContain('# mind the gap');
    expect(text).toContain('10.70.0.8');
  });

  it('keeps the status that an agent wrote', async () => {
    await fabric.write('fabric/cache.yaml', `${CACHE}status: { state: up }\n`);
    await fabric.run(['apply', '-f', '-'], { input: CACHE.replace('10.70.0.6', '10.70.0.9') });
    const { out } = await fabric.run(['get', 'inst', 'tenant-a/cache-1', '-o', 'json']);
    expect(JSON.parse(out)).toMatchObject({ spec: { addresses: ['10.70.0.9'] }, status: { state: 'up' } });
  });

  it('only says what it would do, and what that would break, with --dry-run', async () => {
    const input = CACHE.replace('nat', 'nowhere');
    const { code, out, err } = await fabric.run(['apply', '--dry-run', '-f', '-'], { input });
    expect({ code, out }).toEqual({ code: 0, out: 'Instance/tenant-a/cache-1 created (dry run)\n' });
    expect(err).toMatch(/^warning: Instance\/tenant-a\/cache-1: .*nowhere.*\[instance\.unknown-network\]/);
    expect((await fabric.run(['get', 'inst', 'tenant-a/cache-1'])).code).toBe(4);
  });

  it('says what to do about a file that is not there or has nothing in it', async () => {
    expect((await fabric.run(['apply', '-f', '/nowhere.yaml'])).err).toBe(
      'error: -f /nowhere.yaml: no such file or directory\n',
    );
    const empty = await fabric.write('empty.yaml', '# nothing\n');
    expect(await fabric.run(['apply', '-f', empty])).toMatchObject({
      code: 3,
      err: `error: ${empty} has no manifest in it\n`,
    });
  });

  it('says what is done and what is left if a write fails midway', async () => {
    await fabric.write('fabric/securitygroup', 'a file where a directory has to be');
    const group = 'apiVersion: slash32.dev/v1\nkind: SecurityGroup\nmetadata: { name: late }\nspec: {}\n';
    const host = 'apiVersion: slash32.dev/v1\nkind: Host\nmetadata: { name: early }\nspec: { address: 192.0.2.9 }\n';
    const { code, out, err } = await fabric.run(['apply', '-f', '-'], { input: [group, CACHE, host].join('---\n') });
    expect({ code, out }).toEqual({ code: 4, out: 'Host/early created\n' });
    expect(lines(err)).toHaveLength(2);
    expect(lines(err)[0]).toMatch(/^error: .*securitygroup/);
    expect(lines(err)[1]).toBe('error: 2 of 3 resources not applied; apply again once this is mended');
  });

  it('is exit code 4 without a datastore', async () => {
    const { code, err } = await fabric.run(['apply', '-f', '-', '--datastore', 'dir:/nowhere'], { input: CACHE });
    expect(code).toBe(4);
    expect(lines(err)).toHaveLength(1);
    expect(err).toContain('/nowhere');
  });
});

describe('get', () => {
  it('lists a tenant, all tenants, and every column', async () => {
    expect((await fabric.run(['get', 'instances', '-n', 'tenant-a'])).out).toBe(
      [
        'NAME    HOST         INTERFACE   NETWORK   ADDRESSES                      GROUPS',
        'db-1    compute-b1   tapdb1      nat       10.70.0.5                      db',
        'web-1   compute-a1   tapweb1     public    203.0.113.10, 2001:db8:1::10   web',
        '',
      ].join('\n'),
    );
    expect(lines((await fabric.run(['get', 'inst', '-A'])).out)[1]).toMatch(/^tenant-a +db-1 /);
    const wide = (await fabric.run(['get', 'VMs', '-A', '-o', 'wide'])).out;
    expect(wide).toContain('52:54:00:00:00:01');
    expect(wide).toMatch(/role=web +\S*tenant-a\/instances\.yaml:1\n/);
  });

  it('hints at -A where a tenant is empty', async () => {
    expect(await fabric.run(['get', 'sg'])).toEqual({
      code: 0,
      out: 'No SecurityGroup in namespace default; -A shows all namespaces, which have 2.\n',
      err: '',
    });
  });

  it('selects by label', async () => {
    const { out } = await fabric.run(['get', 'inst', '-A', '-l', 'role == "web"', '-o', 'name']);
    expect(out).toBe('Instance/tenant-a/web-1\n');
    const wrong = await fabric.run(['get', 'inst', '-l', 'role == ']);
    expect(wrong.code).toBe(3);
    expect(lines(wrong.err)).toHaveLength(1);
  });

  it('shows several kinds under their names', async () => {
    const { out } = await fabric.run(['get', 'host,net']);
    expect(out).toMatch(/^Host\nNAME[\s\S]*\n\nNetwork\nNAME/);
  });

  it('prints manifests that apply as they are', async () => {
    const { out } = await fabric.run(['get', 'all', '-A', '-o', 'yaml']);
    const again = await fabric.run(['apply', '-f', '-'], { input: out });
    expect(again.code).toBe(0);
    expect(lines(again.out).filter((line) => !line.endsWith(' unchanged'))).toEqual([]);
    expect(lines(again.out)).toHaveLength(10);
  });

  it('gives one object for one name, in JSON', async () => {
    const { out } = await fabric.run(['get', 'sg/tenant-a/web', '-o', 'json']);
    expect(JSON.parse(out).spec.rules[1]).toMatchObject({ protocol: 'tcp', ports: '8000-8080' });
  });

  it('says where a namesake is, and lists what there is otherwise', async () => {
    expect(await fabric.run(['get', 'inst', 'web-1'])).toEqual({
      code: 4,
      out: '',
      err: `error: there is no Instance/default/web-1 in dir:${fabric.at('fabric')}; there is Instance/tenant-a/web-1\n`,
    });
  });

  it.each([
    [['get', 'frobs'], '"frobs" is not a kind of resource; there are FabricConfiguration (fc), Host, Network (net)'],
    [['get', 'host', 'a/b'], '"a/b" names a namespace, but a Host belongs to no tenant'],
    [['get', 'inst,sg', 'x'], 'names several kinds'],
    [['get', 'inst', 'a/b', '-n', 'c'], 'contradict each other'],
    [['get', 'inst', '-A', '-n', 'c'], 'contradict each other'],
    [['get', 'inst', '-o', 'xml'], "argument 'xml' is invalid"],
    [['get'], "missing required argument 'kind'"],
    [['gte', 'inst'], "unknown command 'gte' (Did you mean get?)"],
  ])('refuses %j as a usage error', async (args, message) => {
    const { code, out, err } = await fabric.run(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
    expect(lines(err)).toHaveLength(1);
  });

  it('warns of problems in the datastore', async () => {
    await fabric.write('fabric/broken.yaml', 'kind: [\n');
    const { code, out, err } = await fabric.run(['get', 'hosts']);
    expect(code).toBe(0);
    expect(out).toContain('compute-a1');
    expect(err).toMatch(/^warning: \d problems? in dir:.*see fabricctl status\n$/);
  });
});

describe('delete', () => {
  it('deletes by name, and says what others lose by it', async () => {
    const { code, out, err } = await fabric.run(['delete', 'sg', 'tenant-a/web']);
    expect({ code, out }).toEqual({ code: 0, out: 'SecurityGroup/tenant-a/web deleted\n' });
    expect(err).toMatch(/^warning: Instance\/tenant-a\/web-1: .*\[instance\.unknown-(security-)?group\]$/m);
    expect((await fabric.run(['get', 'sg', 'tenant-a/web'])).code).toBe(4);
  });

  it('deletes what a file names, users before what they use', async () => {
    const file = await fabric.write(
      'all.yaml',
      `${SAMPLE['tenant-a/groups.yaml']}---\n${SAMPLE['tenant-a/instances.yaml']}`,
    );
    const { out } = await fabric.run(['delete', '-f', file, '-o', 'name']);
    expect(lines(out)).toEqual([
      'Instance/tenant-a/db-1',
      'Instance/tenant-a/web-1',
      'SecurityGroup/tenant-a/db',
      'SecurityGroup/tenant-a/web',
    ]);
    expect((await fabric.run(['get', 'all', '-A', '-o', 'name'])).out).not.toContain('tenant-a');
  });

  it('is exit code 4 for what is not there, unless told otherwise', async () => {
    const { code, err } = await fabric.run(['delete', 'host', 'nobody']);
    expect(code).toBe(4);
    expect(err).toMatch(/^error: there is no Host\/nobody in dir:.*fabricctl get Host/);
    expect((await fabric.run(['delete', 'host', 'nobody', '--ignore-not-found'])).code).toBe(0);
  });

  it('deletes nothing with --dry-run', async () => {
    expect((await fabric.run(['delete', '--dry-run', 'inst/tenant-a/web-1'])).out).toBe(
      'Instance/tenant-a/web-1 deleted (dry run)\n',
    );
    expect((await fabric.run(['get', 'inst/tenant-a/web-1'])).code).toBe(0);
  });

  it.each([[[]], [['inst']], [['inst', 'x', '-f', 'y']]])('refuses delete %j', async (args) => {
    expect((await fabric.run(['delete', ...args])).code).toBe(2);
  });
});

describe('validate', () => {
  it('checks against the datastore, or the files by themselves', async () => {
    const file = await fabric.write('cache.yaml', CACHE);
    expect(await fabric.run(['validate', '-f', file])).toEqual({
      code: 0,
      out: `valid: 1 resource, checked against dir:${fabric.at('fabric')}\n`,
      err: '',
    });
    const alone = await fabric.run(['validate', '--alone', '-f', file]);
    expect(alone.code).toBe(3);
    expect(alone.err).toMatch(new RegExp(`^${file}:5:3: error: Instance/tenant-a/cache-1: .*compute-a1`, 'm'));
    expect(alone.err).toMatch(/\nerror: not valid: \d errors?\n$/);
  });

  it('finds a second claim on an address, and who has it', async () => {
    await fabric.run(['apply', '-f', '-'], { input: CACHE });
    const input = CACHE.replace('cache-1', 'a-twin').replace('tapcache1', 'taptwin').replace('00:03', '00:04');
    const { code, err } = await fabric.run(['validate', '-f', '-'], { input });
    expect(code).toBe(3);
    expect(err).toMatch(/Instance\/tenant-a\/a-twin: .*10\.70\.0\.6.* belongs to Instance tenant-a\/cache-1/);
    expect(lines(err)).toHaveLength(2);
    expect((await fabric.run(['apply', '--dry-run', '-f', '-'], { input })).err).toMatch(
      /^warning: Instance\/tenant-a\/a-twin: .*duplicate-address\]\n$/,
    );
  });

  it('finds a policy that a BGPPeer names and nobody made, and one that is taken away from under it', async () => {
    const peer = (policy: string) => `apiVersion: slash32.dev/v1
kind: BGPPeer
metadata: { name: tor-z }
spec: { hosts: all(), address: 192.0.2.99, asNumber: 65000, export: [${policy}, default-export] }
`;
    const policy = `apiVersion: slash32.dev/v1
kind: RoutePolicy
metadata: { name: out }
spec: { terms: [{ action: accept }] }
`;
    const missing = await fabric.run(['validate', '-f', '-'], { input: peer('out') });
    expect(missing.code).toBe(3);
    expect(missing.err).toMatch(
      /BGPPeer\/tor-z: spec\.export\[0\]: there is no RoutePolicy "out", so nothing is announced to it/,
    );
    expect((await fabric.run(['validate', '-f', '-'], { input: `${peer('out')}---\n${policy}` })).code).toBe(0);
    await fabric.run(['apply', '-f', '-'], { input: `${peer('out')}---\n${policy}` });
    expect((await fabric.run(['delete', '--dry-run', 'rp', 'out'])).err).toMatch(
      /BGPPeer\/tor-z: spec\.export\[0\]: there is no RoutePolicy "out"/,
    );
    expect((await fabric.run(['get', 'routepolicies'])).out).toMatch(/^out +1 +1: accept$/m);
  });

  it('finds an address block that two hosts claim', async () => {
    const host = (name: string, block: string) => `apiVersion: slash32.dev/v1
kind: Host
metadata: { name: ${name} }
spec: { address: 192.0.2.${name === 'x' ? 51 : 52}, blocks: [${block}] }
`;
    expect((await fabric.run(['apply', '-f', '-'], { input: host('x', '10.9.0.0/26') })).code).toBe(0);
    const validated = await fabric.run(['validate', '-f', '-'], { input: host('y', '10.9.0.32/27') });
    expect(validated.code).toBe(3);
    expect(validated.err).toMatch(/Host\/y: spec\.blocks\[0\]: 10\.9\.0\.32\/27 overlaps 10\.9\.0\.0\/26 of Host\/x/);
    expect((await fabric.run(['validate', '-f', '-'], { input: host('y', '10.9.0.64/26') })).code).toBe(0);
  });

  it('judges an instance that exists by its age, though its manifest tells none', async () => {
    await fabric.run(['apply', '-f', '-'], { input: CACHE });
    const twin = CACHE.replace('cache-1', 'a-twin').replace('tapcache1', 'taptwin').replace('00:03', '00:04');
    await fabric.run(['apply', '-f', '-'], {
      input: twin.replace('metadata: {', 'metadata: { creationTimestamp: "2100-01-01T00:00:00Z",'),
    });
    expect(await fabric.run(['apply', '--dry-run', '-f', '-'], { input: CACHE })).toMatchObject({
      out: 'Instance/tenant-a/cache-1 unchanged (dry run)\n',
      err: '',
    });
  });

  it('reports faults of text and of references together, as JSON with places', async () => {
    const input = `${CACHE.replace('nat', 'nowhere')}---\nkind: Host\n`;
    const { code, out } = await fabric.run(['validate', '-f', '-', '-o', 'json'], { input });
    expect(code).toBe(3);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ valid: false, checked: 1 });
    expect(report.problems[0]).toMatchObject({ file: '-', line: expect.any(Number) });
    expect(report.findings).toContainEqual(
      expect.objectContaining({
        code: 'instance.unknown-network',
        file: '-',
        line: 8,
        column: 3,
        path: 'spec.network',
      }),
    );
    expect(parse((await fabric.run(['validate', '-f', '-', '-o', 'yaml'], { input })).out)).toEqual(report);
  });
});
