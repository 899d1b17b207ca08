import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandRun, TestFabric } from './command-run.ts';
import { OPEN_DB, SAME_WEB, SHOP } from './shop-manifests.ts';

let fabric: TestFabric;
const cleanUp = new AsyncDisposableStack();
beforeAll(async () => {
  fabric = cleanUp.use(await TestFabric.create(SHOP));
});
afterAll(() => cleanUp.disposeAsync());

const lines = (text: string): readonly string[] => text.trimEnd().split('\n');
const diff = (manifest: string, ...args: string[]): Promise<CommandRun> =>
  fabric.run(['policy', 'diff', '-f', '-', ...args], { input: manifest });

const NO_EGRESS = `apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata: { name: web, namespace: shop }
spec:
  rules:
    - { direction: ingress, ethertype: IPv4, protocol: tcp, ports: 8080, remote: { group: lb } }
`;

/** The shop without the group of the database. */
const DB_REMOVED = SHOP['groups.yaml'].slice(0, SHOP['groups.yaml'].lastIndexOf('---'));

describe('policy diff', () => {
  it('says what opens, which findings come, and whose kernel gets what', async () => {
    const { code, out, err } = await diff(OPEN_DB, '--exit-code');
    expect({ code, err }).toEqual({ code: 1, err: '' });
    const [head, opens, , title, ...rest] = lines(out);
    expect([head, opens, title]).toEqual([
      'CHANGE   FROM       TO          FAMILY   FLOWS',
      'opens    internet   shop/db-1   IPv4     tcp 5432',
      'Findings that appear (+) and disappear (-)',
    ]);
    expect(rest[0]).toMatch(/^\+ error: SecurityGroup\/shop\/db: spec\.rules\[0\] .* opens PostgreSQL \(tcp 5432\)/);
    expect(rest[1]).toMatch(/^\+ warning: SecurityGroup\/shop\/db: spec\.rules\[1\] .* \[lint\.shadowed-rule\]$/);
    expect(rest[3]).toMatch(/^HOST +ESTABLISHED FLOWS +IN THE KERNEL$/);
    expect(rest[4]).toMatch(/^h2 +(stay as they are|are judged again) +\d+ /);
    expect(rest).toHaveLength(5);
  });

  it('says what closes, and that established flows are judged again', async () => {
    const { out } = await diff(NO_EGRESS);
    expect(out).toMatch(/^closes +shop\/web-1, shop\/web-2 +shop\/db-1 +IPv4 +tcp 5432 +-$/m);
    expect(out).toMatch(
      /^closes +shop\/web-1, shop\/web-2 +198\.51\.100\.0\/24 +IPv4 +tcp 443 +seen as 192\.0\.2\.11/m,
    );
    expect(out).not.toContain('opens');
    expect(out).toMatch(/^h1 +are judged again +/m);
    expect(out).not.toMatch(/^h2 /m);
  });

  it('sees no flow in the same rules in other words', async () => {
    const { code, out } = await diff(SAME_WEB, '--exit-code');
    expect(code).toBe(0);
    expect(lines(out)[0]).toBe('No flow opens or closes.');
    expect(out).not.toContain('Findings');
  });

  it('tells no finding anew because its rule has another place', async () => {
    await using other = await TestFabric.create({ ...SHOP, 'groups.yaml': `${DB_REMOVED}---\n${OPEN_DB}` });
    const rules = OPEN_DB.split('\n');
    const swapped = [...rules.slice(0, 5), rules[6], rules[5], ''].join('\n');
    const { out } = await other.run(['policy', 'diff', '-f', '-'], { input: swapped });
    expect(lines(out)[0]).toBe('No flow opens or closes.');
    expect(out).not.toContain('Findings');
    const { out: worse } = await other.run(['policy', 'diff', '-f', '-'], {
      input: swapped.replaceAll('5432', '3306'),
    });
    expect(worse).toMatch(/^\+ error: .* opens MySQL/m);
    expect(worse).toMatch(/^- error: .* opens PostgreSQL/m);
  });

  it('says nothing else of what is there already', async () => {
    expect(await diff(SHOP['groups.yaml'] + SHOP['machines.yaml'], '--exit-code')).toEqual({
      code: 0,
      out: 'No flow opens or closes.\n',
      err: '',
    });
  });

  it('knows what deleting would do', async () => {
    const { code, out } = await diff(OPEN_DB, '--delete', '--exit-code');
    expect(code).toBe(1);
    expect(out).toMatch(/^closes +shop\/web-1, shop\/web-2 +shop\/db-1 +IPv4 +tcp 5432$/m);
    expect(out).toContain('+ error: Instance/shop/db-1: spec.securityGroups[0]: there is no SecurityGroup shop/db');
    expect(out).toMatch(/^h2 +are judged again +/m);
  });

  it('has every object of nftables with -o wide, and all of it in JSON', async () => {
    const wide = await diff(NO_EGRESS, '-o', 'wide');
    expect(wide.out).toMatch(/^closes +shop\/web-2 +shop\/db-1 /m);
    expect(wide.out).toMatch(/^ {2}(add|change|delete) (chain|set|\d+ elements? (to|of)) inet slash32 \S+/m);
    const json = JSON.parse((await diff(NO_EGRESS, '-o', 'json')).out);
    expect(json).toMatchObject({
      opens: [],
      closes: expect.arrayContaining([
        expect.objectContaining({
          source: { instance: 'shop/web-2', name: 'shop/web-2' },
          destination: { instance: 'shop/db-1', name: 'shop/db-1' },
          family: 4,
          services: [{ protocol: 'tcp', ports: [5432] }],
        }),
      ]),
      findings: { appear: [], disappear: [] },
      hosts: [{ host: 'h1', revokes: true }],
    });
    expect(json.closes).toHaveLength(4);
    for (const change of json.hosts[0].changes) {
      expect(change).toMatchObject({ table: 'inet slash32', name: expect.any(String) });
    }
  });

  it('changes nothing', async () => {
    await diff(OPEN_DB);
    const { out } = await fabric.run(['get', 'sg', 'db', '-n', 'shop', '-o', 'json']);
    expect(JSON.parse(out).spec.rules).toHaveLength(1);
  });

  it('refuses what is invalid, with its place', async () => {
    const { code, out, err } = await diff(OPEN_DB.replace('ports: 5432 }', 'ports: 99999 }'));
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(err).toMatch(/^<stdin>:6:.*ports.*\nerror: not valid: 1 problem\n$/s);
  });
});
