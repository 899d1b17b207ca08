import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestFabric } from './command-run.ts';
import { OTHERS, SHOP } from './shop-manifests.ts';

let fabric: TestFabric;
const cleanUp = new AsyncDisposableStack();
beforeAll(async () => {
  fabric = cleanUp.use(await TestFabric.create(SHOP));
});
afterAll(() => cleanUp.disposeAsync());

const lines = (text: string): readonly string[] => text.trimEnd().split('\n');
const graph = (...args: string[]) => fabric.run(['policy', 'graph', ...args]);

describe('policy graph', () => {
  it('says who can reach whom, once for all that have the same flows', async () => {
    expect(await graph('-n', 'shop')).toEqual({
      code: 0,
      err: '',
      out: [
        'FROM                     TO                       FAMILY       FLOWS      NOTE',
        'shop/lb-1, shop/lb-2     shop/web-1, shop/web-2   IPv4         tcp 8080   -',
        'shop/web-1, shop/web-2   shop/db-1                IPv4         tcp 5432   -',
        'shop/web-1, shop/web-2   198.51.100.0/24          IPv4         tcp 443    seen as 192.0.2.11 beyond the site',
        'internet                 shop/lb-1, shop/lb-2     IPv4, IPv6   tcp 443    -',
        '',
      ].join('\n'),
    });
  });

  it('has each pair by itself with --each or -o wide', async () => {
    const each = await graph('-n', 'shop', '--each');
    expect(lines(each.out)).toHaveLength(1 + 4 + 2 + 2 + 4);
    expect(each.out).toMatch(/^shop\/lb-2 +shop\/web-1 +IPv4 +tcp 8080/m);
    expect((await graph('-n', 'shop', '-o', 'wide')).out).toBe(each.out);
  });

  it('is about a tenant, an instance, or everybody', async () => {
    expect((await graph()).out).toBe('No open Instance in namespace default; -A shows all namespaces, which have 5.\n');
    expect((await graph('-A')).out).toBe((await graph('-n', 'shop')).out);
    const one = JSON.parse((await graph('--instance', 'db-1', '-o', 'json')).out);
    expect(one.flows).toMatchObject([
      { source: { instance: 'shop/web-1' }, destination: { instance: 'shop/db-1' }, family: 4, text: 'tcp 5432' },
      { source: { instance: 'shop/web-2' }, destination: { instance: 'shop/db-1' } },
    ]);
  });

  it('takes only flows from and to an end that is asked for', async () => {
    expect(lines((await graph('-A', '--from', 'internet', '-6')).out)).toEqual([
      'FROM       TO                     FAMILY   FLOWS',
      'internet   shop/lb-1, shop/lb-2   IPv6     tcp 443',
    ]);
    expect((await graph('-A', '--to', 'db-1', '--from', 'lb-1')).out).toBe('Nothing passes.\n');
  });

  it('is exact in JSON', async () => {
    const { flows } = JSON.parse((await graph('--instance', 'web-1', '--to', 'internet', '-o', 'json')).out);
    expect(flows).toEqual([
      {
        source: { instance: 'shop/web-1', name: 'shop/web-1' },
        destination: { name: '198.51.100.0/24', addresses: ['198.51.100.0/24'] },
        family: 4,
        services: [{ protocol: 'tcp', ports: [443] }],
        text: 'tcp 443',
        seenSource: '192.0.2.11',
      },
    ]);
  });

  it('says with --all between whom nothing passes', async () => {
    const { out } = await graph('--instance', 'db-1', '--all');
    expect(out).toContain('\nNothing passes:\nshop/db-1 → shop/lb-1, shop/lb-2, shop/web-1, shop/web-2, internet\n');
    expect(out).toContain('shop/lb-1 → shop/db-1\n');
    expect(out).not.toContain('shop/web-1 → ');
  });

  it('draws, folded or each by itself', async () => {
    const dot = (await graph('-n', 'shop', '-o', 'dot')).out;
    expect(lines(dot)).toEqual([
      'digraph reachability {',
      '  rankdir=LR;',
      '  node [shape=box, style=rounded, fontname="sans-serif", fontsize=11];',
      '  edge [fontname="sans-serif", fontsize=9];',
      '  "shop/db-1" [label="shop/db-1"];',
      '  "shop/lb-1" [label="shop/lb-1\\nshop/lb-2", tooltip="shop/lb-1, shop/lb-2"];',
      '  "shop/web-1" [label="shop/web-1\\nshop/web-2", tooltip="shop/web-1, shop/web-2"];',
      '  "198.51.100.0/24" [label="198.51.100.0/24", shape=ellipse, style=solid];',
      '  "internet" [label="internet", shape=ellipse, style=solid];',
      '  "shop/lb-1" -> "shop/web-1" [color="#1a7f37", label="tcp 8080 (IPv4)"];',
      '  "shop/web-1" -> "shop/db-1" [color="#1a7f37", label="tcp 5432 (IPv4)"];',
      '  "shop/web-1" -> "198.51.100.0/24" [color="#1a7f37", label="tcp 443 (IPv4)"];',
      '  "internet" -> "shop/lb-1" [color="#1a7f37", label="tcp 443"];',
      '}',
    ]);
    const svg = (await graph('-n', 'shop', '-o', 'svg')).out;
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" .*<\/svg>\n$/s);
    expect(svg.match(/<path d="M\d+,[\d.]+ C/g)).toHaveLength(4);
    expect((await graph('-n', 'shop', '-o', 'svg', '--each')).out.match(/<path d="M\d+,[\d.]+ C/g)).toHaveLength(10);
    const all = (await graph('-n', 'shop', '-o', 'svg', '--all')).out;
    expect(all).toContain('stroke-dasharray');
    expect(svg).not.toContain('stroke-dasharray');
  });

  it('warns of closed instances, and marks those that nothing filters', async () => {
    await using other = await TestFabric.create({ ...SHOP, ...OTHERS });
    const { out, err } = await other.run(['policy', 'graph', '-n', 'lab']);
    expect(err).toBe(
      'warning: lab/broken is closed and has no flows; `fabricctl policy show lab/broken --intent` says why\n',
    );
    expect(out).toMatch(/^lab\/raw +internet +IPv4 +any protocol +seen as 192\.0\.2\.11 beyond the site$/m);
    expect(out).toMatch(/^lab\/raw +shop\/lb-1, shop\/lb-2 +IPv4, IPv6 +tcp 443/m);
    expect((await other.run(['policy', 'graph', '-n', 'lab', '-o', 'dot'])).out).toContain('lab/raw\\n(not filtered)');
  });

  it.each([
    [['-A', '-n', 'shop'], 2, '-A and -n shop contradict each other'],
    [['-4', '-6'], 2, '-4 and -6 contradict each other'],
    [['-A', '--instance', 'web-1'], 2, '-A and --instance contradict each other'],
    [['-A', '--to', 'nobody'], 4, 'there is no Instance default/nobody'],
  ])('refuses %j', async (args, code, message) => {
    const result = await graph(...args);
    expect(result).toMatchObject({ code, out: '' });
    expect(result.err).toContain(message);
  });

  it('is the only one that draws; the others refuse before they do anything', async () => {
    const file = await fabric.write(
      'new.yaml',
      'apiVersion: slash32.dev/v1\nkind: AddressGroup\nmetadata: { name: x }\nspec: {}\n',
    );
    expect(await fabric.run(['apply', '-f', file, '-o', 'svg'])).toEqual({
      code: 2,
      out: '',
      err: 'error: -o svg is for `fabricctl policy graph`; use table, wide, name, json or yaml here\n',
    });
    expect((await fabric.run(['get', 'ag', '-A'])).out).toContain('No AddressGroup');
  });
});
