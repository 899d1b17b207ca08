import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestFabric } from './command-run.ts';
import { OPEN_DB, SHOP } from './shop-manifests.ts';

const UNUSED = `apiVersion: slash32.dev/v1
kind: AddressGroup
metadata: { name: office, namespace: lab }
spec: { cidrs: [198.51.100.0/24] }
---
apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata: { name: twice, namespace: lab }
spec:
  rules:
    - { direction: ingress, ethertype: IPv4 }
    - { direction: ingress, ethertype: IPv4, protocol: tcp, ports: 80 }
`;

let fabric: TestFabric;
const cleanUp = new AsyncDisposableStack();
beforeAll(async () => {
  fabric = cleanUp.use(await TestFabric.create({ ...SHOP, 'lab.yaml': UNUSED }));
});
afterAll(() => cleanUp.disposeAsync());

const lines = (text: string): readonly string[] => text.trimEnd().split('\n');
const lint = (...args: string[]) => fabric.run(['policy', 'lint', ...args]);

describe('policy lint', () => {
  it('prints a line per finding, and how many there are', async () => {
    expect(await lint('-n', 'lab')).toEqual({
      code: 0,
      err: '',
      out: [
        'info: AddressGroup/lab/office: no rule refers to it; use it as remote.addressGroup of a rule, or delete it [lint.unused-address-group]',
        'info: SecurityGroup/lab/twice: no Instance is in it and no rule refers to it; add it to spec.securityGroups of an Instance, or delete it [lint.group-without-members]',
        'error: SecurityGroup/lab/twice: spec.rules[0] (ingress IPv4 any protocol from anybody) lets everybody begin any flow; name the protocols, ports and far ends that are meant [lint.allow-all-ingress]',
        'warning: SecurityGroup/lab/twice: spec.rules[1] (ingress IPv4 tcp 80 from anybody) allows nothing beyond spec.rules[0] (ingress IPv4 any protocol from anybody); delete it, or narrow that [lint.shadowed-rule]',
        '1 error, 1 warning, 2 info',
        '',
      ].join('\n'),
    });
  });

  it('is about a tenant, or all', async () => {
    expect(await lint('-n', 'shop', '--exit-code')).toEqual({ code: 0, out: 'Nothing found.\n', err: '' });
    expect((await lint()).out).toBe('Nothing found.\n');
    expect((await lint('-A')).out).toBe((await lint('-n', 'lab')).out);
  });

  it('leaves out what is not bad enough, and checks that are not wanted', async () => {
    const { code, out } = await lint(
      '-A',
      '--severity',
      'warning',
      '--ignore',
      'lint.allow-all-ingress',
      '--exit-code',
    );
    expect(code).toBe(1);
    expect(lines(out)).toEqual([expect.stringContaining('[lint.shadowed-rule]'), '1 warning']);
    const none = ['--severity', 'error', '--ignore', 'lint.allow-all-ingress', '--exit-code'];
    expect((await lint('-A', ...none)).code).toBe(0);
  });

  it('judges manifests in the fabric that they are for, at the place in the file', async () => {
    const file = await fabric.write('db.yaml', OPEN_DB);
    const { code, out } = await lint('-f', file, '--exit-code');
    expect(code).toBe(1);
    expect(lines(out)).toEqual([
      expect.stringMatching(
        /db\.yaml:6:7: error: SecurityGroup\/shop\/db: spec\.rules\[0\] .*\[lint\.open-management-port\]$/,
      ),
      expect.stringMatching(
        /db\.yaml:7:7: warning: SecurityGroup\/shop\/db: spec\.rules\[1\] .*\[lint\.shadowed-rule\]$/,
      ),
      '1 error, 1 warning',
    ]);
    const alone = JSON.parse((await lint('-f', file, '--alone', '-o', 'json')).out);
    expect(alone.findings.map((finding: { code: string }) => finding.code)).toContain('lint.group-without-members');
    expect(alone.findings[1]).toMatchObject({ file, line: 6, path: 'spec.rules[0]', severity: 'error' });
  });

  it('tells what others get because of the manifests', async () => {
    const file = await fabric.write(
      'unused.yaml',
      SHOP['groups.yaml'].slice(SHOP['groups.yaml'].lastIndexOf('---')).replace('group: web', 'group: lb'),
    );
    const { out } = await lint('-f', file);
    expect(out).toBe('Nothing found.\n');
    const used = UNUSED.replace('ports: 80 }', 'ports: 80, remote: { addressGroup: office } }');
    expect((await lint('-f', await fabric.write('used.yaml', used))).out).not.toContain('unused-address-group');
  });

  it('lists its checks', async () => {
    const { out } = await lint('--list');
    expect(out).toMatch(/^lint\.shadowed-rule +warning +other rules of the group allow all of it$/m);
    expect(lines(out)).toHaveLength(13);
  });

  it.each([
    [['-A', '-n', 'x'], 2, '-A and -n x contradict each other'],
    [['--ignore', 'lint.nonsense'], 2, 'there is no check lint.nonsense'],
    [['--alone'], 2, '--alone is for -f'],
    [['--severity', 'awful'], 2, 'Allowed choices are info, warning, error'],
  ])('refuses %j', async (args, code, message) => {
    const result = await lint(...args);
    expect(result).toMatchObject({ code, out: '' });
    expect(result.err).toContain(message);
  });

  it('refuses manifests that are invalid', async () => {
    const file = await fabric.write('bad.yaml', OPEN_DB.replace('ports: 5432 }', 'ports: 99999 }'));
    expect(await lint('-f', file)).toMatchObject({ code: 3, out: '' });
  });
});
