import { describe, expect, test } from 'vitest';
import { type CounterPlace, FabricModel, HostPolicyCompiler } from '../src/index.ts';
import { addressGroup, fabric, host, instance, network, type RuleInput, securityGroup } from './manifests.ts';

const INGRESS = { direction: 'ingress', ethertype: 'IPv4' } as const;
const WEB: RuleInput = { ...INGRESS, protocol: 'tcp', ports: 443, description: 'HTTPS' };

class Bench {
  readonly model = new FabricModel();
  readonly compiler: HostPolicyCompiler;

  constructor(rules: readonly RuleInput[], counters?: boolean) {
    this.model.put(host('h1', { address: '192.0.2.1' }));
    this.model.put(network('net', { pools: [{ cidr: '10.0.0.0/16', gateway: '10.0.0.1' }] }));
    this.model.put(addressGroup('t/office', ['198.51.100.0/24']));
    this.model.put(securityGroup('t/web', rules, true, { counters }));
    this.model.put(
      instance('t/i1', {
        host: 'h1',
        interface: 'tap1',
        mac: '52:54:00:00:00:01',
        network: 'net',
        addresses: ['10.0.0.11'],
        securityGroups: ['web'],
      }),
    );
    this.compiler = new HostPolicyCompiler(this.model, 'h1');
    this.compiler.reconcile(new Map());
  }

  get table() {
    const table = this.compiler.ruleset().get('inet slash32');
    if (table === undefined) throw new TypeError('no table');
    return table;
  }

  get counted(): string[] {
    return [...this.table.sets.values()].filter((set) => set.counted).map(({ name }) => name);
  }

  /** By index of the rule. */
  places(): (CounterPlace | undefined)[] {
    const places = this.compiler.ruleCounters('t/web');
    return (places?.group.spec.rules ?? []).map((rule) => places?.counterPlaces.get(rule));
  }
}

describe('rules of a counted group', () => {
  const rules: RuleInput[] = [
    WEB,
    { ...INGRESS, protocol: 'tcp', ports: 443, remote: { cidr: '10.0.0.0/8' } },
    { ...INGRESS, protocol: 'icmp' },
    { ...INGRESS, protocol: 'gre', remote: { addressGroup: 'office' } },
    { ...INGRESS, protocol: 'udp', ports: 53, remote: { group: 'web' } },
    { direction: 'egress', ethertype: 'IPv4', protocol: 'tcp' },
    { direction: 'egress', ethertype: 'IPv4' },
    { ...WEB, description: 'the same once more' },
    { ...INGRESS, ethertype: 'IPv6', remote: { group: 'web' } },
    { ...INGRESS, ethertype: 'IPv6', protocol: 'tcp', remote: { group: 'web' } },
  ];

  test('are elements, each with a counter, also where they are alone of their kind', () => {
    const bench = new Bench(rules, true);
    expect(bench.places()).toEqual([
      { set: 'counted-ingress4/t/web/tcp', element: '443 . 0.0.0.0/0', own: true },
      { set: 'counted-ingress4/t/web/tcp', element: '443 . 0.0.0.0/0', own: false },
      { set: 'counted-ingress4/t/web/icmp', element: '0-65535 . 0.0.0.0/0', own: true },
      { set: 'counted-ingress4/t/web/list/t/office/protocols', element: '47', own: true },
      { set: 'counted-ingress4/t/web/group/t/web/udp', element: '17 . 53', own: true },
      { set: 'counted-egress4/t/web/anything', element: 'ipv4', own: false },
      { set: 'counted-egress4/t/web/anything', element: 'ipv4', own: true },
      { set: 'counted-ingress4/t/web/tcp', element: '443 . 0.0.0.0/0', own: true },
      { set: 'counted-ingress6/t/web/group/t/web/anything', element: 'ipv6', own: true },
      { set: 'counted-ingress6/t/web/group/t/web/anything', element: 'ipv6', own: false },
    ]);
    for (const place of bench.places()) {
      expect(bench.table.sets.get(place?.set ?? '')).toMatchObject({ counted: true });
      expect(bench.table.sets.get(place?.set ?? '')?.elements.has(place?.element ?? '')).toBe(true);
    }
    expect(bench.table.sets.get('counted-ingress4/t/web/tcp')?.elements).toEqual(
      new Map([['443 . 0.0.0.0/0', 'comment "HTTPS"']]),
    );
  });

  test('that are inside one another count at the outermost', () => {
    const nested = ['10.0.0.0/24', '10.0.0.0/8', '10.0.0.7', '10.0.0.0/16', '10.0.0.0/8'];
    const bench = new Bench(
      nested.map((cidr) => ({ ...INGRESS, protocol: 'tcp', ports: 443, remote: { cidr } })),
      true,
    );
    const place = { set: 'counted-ingress4/t/web/tcp', element: '443 . 10.0.0.0/8' };
    expect(bench.places()).toEqual(nested.map((cidr) => ({ ...place, own: cidr === '10.0.0.0/8' })));
  });

  test('count last of all matches: what is counted passes', () => {
    const bench = new Bench(rules, true);
    const chains = [...bench.table.chains.values()].filter(({ name }) => name.endsWith('/t/web'));
    const texts = chains.flatMap((chain) => chain.rules.map(({ text }) => text)).filter((text) => text !== 'drop');
    expect(texts).toHaveLength(6);
    for (const text of texts) expect(text).toMatch(/ @counted-\S+ goto (source|destination)-passes$/);
  });

  test('do not change with another rule that does not overlap', () => {
    const bench = new Bench(rules, true);
    bench.model.put(securityGroup('t/web', [{ ...WEB, ports: 80 }, ...rules], true, { counters: true }));
    const { changes, revokes } = bench.compiler.flush();
    expect(revokes).toBe(false);
    expect(changes).toEqual([
      {
        op: 'add-elements',
        table: 'inet slash32',
        set: 'counted-ingress4/t/web/tcp',
        elements: new Map([['80 . 0.0.0.0/0', 'comment "HTTPS"']]),
      },
    ]);
  });

  test('cost nothing where they are not counted', () => {
    const bench = new Bench(rules);
    expect(bench.counted).toEqual([]);
    expect(bench.compiler.ruleCounters('t/web')).toMatchObject({ counted: false });
    expect(bench.compiler.ruleCounters('t/other')).toBeUndefined();
  });
});

describe('whether a group is counted', () => {
  test('is its own affair, else the fabric’s, and follows both', () => {
    const bench = new Bench([WEB]);
    bench.model.put(fabric({ policyCounters: true }));
    bench.compiler.flush();
    expect(bench.counted).toEqual(['counted-ingress4/t/web/tcp']);
    bench.model.put(securityGroup('t/web', [WEB], true, { counters: false }));
    bench.compiler.flush();
    expect(bench.counted).toEqual([]);
    bench.model.put(fabric({}));
    expect(bench.compiler.flush().changes).toEqual([]);
    bench.model.put(securityGroup('t/web', [WEB], true, { counters: true }));
    bench.compiler.flush();
    expect(bench.counted).toEqual(['counted-ingress4/t/web/tcp']);
  });
});

describe('descriptions', () => {
  const comments = (bench: Bench) => bench.table.chains.get('ingress/t/web')?.rules.map(({ comment }) => comment);

  test('stand in the comments of rules and elements, in plain ASCII, and are no reason to judge flows again', () => {
    const bench = new Bench([{ ...WEB, description: ' Büro "Köln"\n\tgoto x — ☃' }]);
    expect(comments(bench)?.[0]).toMatch(/^t\/web ingress IPv4: tcp \(Buro 'Koln' goto x \? \?\) #[0-9a-f]{10}$/);
    bench.model.put(securityGroup('t/web', [{ ...WEB, description: 'HTTPS' }]));
    expect(bench.compiler.flush()).toMatchObject({ revokes: false, changes: [{ op: 'set-rules' }] });
    expect(comments(bench)?.[0]).toMatch(/^t\/web ingress IPv4: tcp \(HTTPS\) #/);
    bench.model.put(securityGroup('t/web', [WEB, { ...WEB, ports: 80, description: 'x'.repeat(255) }]));
    expect(bench.compiler.flush().revokes).toBe(false);
    const set = bench.table.sets.get('ingress4/t/web/tcp');
    expect(set?.elements.get('443 . 0.0.0.0/0')).toBe('comment "HTTPS"');
    expect(set?.elements.get('80 . 0.0.0.0/0')).toBe(`comment "${'x'.repeat(125)}.."`);
    bench.model.put(securityGroup('t/web', [WEB, { ...WEB, ports: 80, description: 'HTTP' }]));
    const { changes, revokes } = bench.compiler.flush();
    expect(changes.map(({ op }) => op)).toEqual(['delete-elements', 'add-elements']);
    expect(revokes).toBe(false);
  });

  test('that go are a revocation only with their rule', () => {
    const bench = new Bench([WEB, { ...WEB, ports: 80 }]);
    bench.model.put(
      securityGroup('t/web', [
        { ...WEB, description: undefined },
        { ...WEB, ports: 80 },
      ]),
    );
    expect(bench.compiler.flush().revokes).toBe(false);
    bench.model.put(
      securityGroup('t/web', [
        { ...WEB, ports: 80 },
        { ...WEB, ports: 81 },
      ]),
    );
    expect(bench.compiler.flush().revokes).toBe(true);
  });
});
