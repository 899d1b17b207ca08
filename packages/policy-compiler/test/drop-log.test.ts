import type { NftRuleset } from '@slash32/shared';
import { describe, expect, test } from 'vitest';
import { applyNftChanges, FabricModel, HostPolicyCompiler } from '../src/index.ts';
import { host, instance, network, securityGroup } from './manifests.ts';

const TABLE = 'inet slash32';

class Bench {
  readonly model = new FabricModel();
  readonly compiler: HostPolicyCompiler;
  kernel: NftRuleset;

  constructor() {
    this.model.put(host('h1', { address: '192.0.2.1' }));
    this.model.put(network('net', { pools: [{ cidr: '10.0.0.0/16', gateway: '10.0.0.1' }], reach: 'site' }));
    this.model.put(securityGroup('t/web', []));
    for (const number of [1, 2]) this.model.put(web(number));
    this.compiler = new HostPolicyCompiler(this.model, 'h1');
    this.kernel = applyNftChanges(new Map(), this.compiler.reconcile(new Map()).changes);
  }

  /** Valid step by step, and the same as from scratch. */
  change(...resources: Parameters<FabricModel['put']>[0][]): void {
    for (const some of resources) this.model.put(some);
    this.kernel = applyNftChanges(this.kernel, this.compiler.flush().changes);
    const fresh = new HostPolicyCompiler(this.model, 'h1', { initialGeneration: this.compiler.generation });
    fresh.reconcile(new Map());
    const sorted = (ruleset: NftRuleset) => [...(ruleset.get(TABLE)?.chains.keys() ?? [])].sort();
    expect(sorted(this.kernel)).toEqual(sorted(fresh.ruleset()));
  }

  texts(chain: string): string[] | undefined {
    return this.kernel
      .get(TABLE)
      ?.chains.get(chain)
      ?.rules.map(({ text }) => text);
  }

  get traces(): string[] {
    return [...this.kernel.values()].flatMap(({ sets, chains }) =>
      [...sets.keys(), ...chains.keys()].filter((name) => /^log/.test(name)),
    );
  }
}

function web(number: number, logDrops?: { perSecond?: number; nflogGroup?: number }): ReturnType<typeof instance> {
  return instance(`t/i${number}`, {
    host: 'h1',
    interface: `tap${number}`,
    mac: `52:54:00:00:00:0${number}`,
    network: 'net',
    addresses: [`10.0.0.1${number}`],
    securityGroups: ['web'],
    ...(logDrops === undefined ? {} : { logDrops }),
  });
}

describe('logging of drops', () => {
  test('leaves no trace in the program while nobody wants it, before and after', () => {
    const bench = new Bench();
    const before = [...(bench.kernel.get(TABLE)?.chains.values() ?? [])].map(({ rules }) => rules.length);
    expect(bench.traces).toEqual([]);
    bench.change(web(1, {}));
    expect(bench.traces).not.toEqual([]);
    bench.change(web(1));
    expect(bench.traces).toEqual([]);
    expect([...(bench.kernel.get(TABLE)?.chains.values() ?? [])].map(({ rules }) => rules.length).sort()).toEqual(
      before.sort(),
    );
  });

  test('is a chain per endpoint and kind of drop, with its limit, found by its tap', () => {
    const bench = new Bench();
    bench.change(web(1, {}), web(2, { perSecond: 3, nflogGroup: 7 }));
    expect(bench.kernel.get(TABLE)?.sets.get('log-egress')?.elements).toEqual(
      new Map([
        ['"tap1"', 'jump log-egress/t/i1'],
        ['"tap2"', 'jump log-egress/t/i2'],
      ]),
    );
    expect(bench.texts('log-guard/t/i1')).toEqual([
      'limit rate 10/second burst 10 packets log prefix "slash32 drop t/i1 guard: " level info',
    ]);
    expect(bench.texts('log-ingress/t/i2')).toEqual([
      'limit rate 3/second burst 3 packets log prefix "slash32 drop t/i2 ingress: " group 7',
    ]);
    expect(bench.kernel.get('arp slash32')?.sets.get('log-arp')?.elements.get('"tap1"')).toBe('jump log-arp/t/i1');
  });

  test('makes lists return to where drops are logged, and drop there whoever logs', () => {
    const bench = new Bench();
    bench.change(web(1, {}));
    expect(bench.texts('egress-in-site-logged/t/web')?.map((text) => text.split(' ').at(-1))).toEqual([
      'return',
      'return',
      'return',
    ]);
    expect(bench.texts('egress-in-site/t/web')?.at(-1)).toBe('drop');
    expect(bench.texts('source-judged')?.slice(1)).toEqual([
      'ct direction original iifname vmap @log-egress',
      'ct direction reply oifname vmap @log-egress',
      'drop',
    ]);
    expect(bench.texts('destination-end')?.slice(-3)).toEqual([
      'ct direction original oifname vmap @log-ingress',
      'ct direction reply iifname vmap @log-ingress',
      'drop',
    ]);
    expect(bench.texts('unknown-source4')?.at(-1)).toBe('goto logged-drop');
    expect(bench.texts('logged-drop')).toEqual(['iifname vmap @log-guard', 'drop']);
  });

  test('is what the instance says, else the most that a group of it says', () => {
    const bench = new Bench();
    const limitOf = (): string | undefined => bench.texts('log-egress/t/i1')?.[0]?.split(' ')[2];
    bench.change(securityGroup('t/web', [], true, { logDrops: { perSecond: 5 } }));
    expect(limitOf()).toBe('5/second');
    bench.change(securityGroup('t/other', [], true, { logDrops: { perSecond: 50 } }));
    const both = web(1);
    if (both.kind !== 'Instance') throw new TypeError('not an Instance');
    bench.change({ ...both, spec: { ...both.spec, securityGroups: ['web', 'other'] } });
    expect(limitOf()).toBe('50/second');
    bench.change(web(1, { perSecond: 1 }));
    expect(limitOf()).toBe('1/second');
    bench.change(securityGroup('t/web', []), web(1));
    expect(limitOf()).toBeUndefined();
  });

  test('keeps its words within what the kernel takes, and apart from the names in them', () => {
    const bench = new Bench();
    const name = `${'n'.repeat(63)}/${'jump'.repeat(15)}`;
    const long = web(3, {});
    bench.change(securityGroup(`${'n'.repeat(63)}/web`, []), {
      ...long,
      metadata: { ...long.metadata, namespace: 'n'.repeat(63), name: 'jump'.repeat(15) },
    } as typeof long);
    const log = [...(bench.kernel.get(TABLE)?.chains.values() ?? [])].find(({ name: chain }) =>
      chain.startsWith('log-egress/n'),
    );
    const prefix = /prefix "(.*)"/.exec(log?.rules[0]?.text ?? '')?.[1] ?? '';
    expect(prefix.length).toBeLessThanOrEqual(127);
    expect(prefix).toMatch(/^slash32 drop n+.*jump egress: $/);
    expect(bench.model.instance(name)?.state).toBe('open');
  });
});
