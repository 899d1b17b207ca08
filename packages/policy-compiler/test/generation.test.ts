import type { NftRuleset, Resource } from '@slash32/shared';
import { describe, expect, test } from 'vitest';
import {
  applyNftChanges,
  evaluateHook,
  FabricModel,
  generationOf,
  HostPolicyCompiler,
  type ProgramPacket,
} from '../src/index.ts';
import { addressGroup, host, instance, network, type RuleInput, securityGroup } from './manifests.ts';

const WEB: RuleInput = { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 443 };
const SSH: RuleInput = {
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: 'tcp',
  ports: 22,
  remote: { addressGroup: 'office' },
};

function web(number: number, group = 'web'): Resource {
  return instance(`t/i${number}`, {
    host: 'h1',
    interface: `tap${number}`,
    mac: `52:54:00:00:00:0${number}`,
    network: 'net',
    addresses: [`10.0.0.${number + 10}`],
    securityGroups: [group],
  });
}

class Bench {
  readonly model = new FabricModel();
  readonly compiler: HostPolicyCompiler;
  kernel: NftRuleset = new Map();

  constructor(initialGeneration = 1) {
    this.model.put(host('h1', { address: '192.0.2.1' }));
    this.model.put(network('net', { pools: [{ cidr: '10.0.0.0/16', gateway: '10.0.0.1' }] }));
    this.model.put(securityGroup('t/web', [WEB]));
    this.model.put(securityGroup('t/ssh', [SSH]));
    this.model.put(addressGroup('t/office', ['198.51.100.0/24']));
    this.model.put(web(1));
    this.model.put(web(3, 'ssh'));
    this.compiler = new HostPolicyCompiler(this.model, 'h1', { initialGeneration });
    this.kernel = applyNftChanges(this.kernel, this.compiler.reconcile(this.kernel).changes);
  }

  /** Puts resources and flushes; returns how far the generation moved. */
  change(...resources: readonly Resource[]): number {
    const before = this.compiler.generation;
    for (const resource of resources) this.model.put(resource);
    const update = this.compiler.flush();
    this.kernel = applyNftChanges(this.kernel, update.changes);
    expect(generationOf(this.kernel)).toBe(update.generation);
    expect(update.revokes).toBe(update.generation !== before);
    return update.generation - before;
  }
}

describe('the generation', () => {
  test('stays when a change only adds', () => {
    const bench = new Bench();
    expect(bench.change(web(2))).toBe(0);
    expect(bench.change(securityGroup('t/web', [WEB, { ...WEB, ports: 80 }]))).toBe(0);
    expect(
      bench.change(securityGroup('t/web', [WEB, { ...WEB, ports: 80 }, { ...WEB, protocol: 'gre', ports: undefined }])),
    ).toBe(0);
    expect(bench.change(securityGroup('t/web', [WEB, { ...WEB, ports: 80 }, SSH]), addressGroup('t/other', []))).toBe(
      1,
    ); // gre went
    expect(bench.change(addressGroup('t/office', ['198.51.100.0/24', '203.0.113.0/24']))).toBe(0);
    expect(bench.change()).toBe(0);
  });

  test('moves when anything goes or is replaced', () => {
    const bench = new Bench();
    expect(bench.change(securityGroup('t/web', []))).toBe(1);
    expect(bench.change(securityGroup('t/web', [WEB]))).toBe(0);
    expect(bench.change(addressGroup('t/office', ['198.51.100.0/25']))).toBe(1);
    expect(bench.change(web(1, 'ssh'))).toBe(1);
    bench.model.delete('Instance/t/i3');
    expect(bench.change()).toBe(1);
    bench.compiler.exclude('t/i1');
    expect(bench.change()).toBe(1);
    bench.compiler.include('t/i1');
    expect(bench.change()).toBe(0);
  });

  test('wraps to 1, for 0 is no generation', () => {
    const bench = new Bench(4_194_303);
    expect(generationOf(bench.kernel)).toBe(4_194_303);
    bench.change(securityGroup('t/web', []));
    expect(bench.compiler.generation).toBe(1);
  });

  test('is taken over from the kernel by a new agent, which then sends nothing', () => {
    const bench = new Bench(7);
    const restarted = new HostPolicyCompiler(bench.model, 'h1');
    expect(restarted.reconcile(bench.kernel)).toMatchObject({ changes: [], generation: 7, revokes: false });
    bench.model.delete('Instance/t/i3');
    const late = new HostPolicyCompiler(bench.model, 'h1').reconcile(bench.kernel);
    expect(late).toMatchObject({ generation: 8, revokes: true });
  });

  test('moves when somebody removed the tables: what passed meanwhile was not judged', () => {
    const bench = new Bench(7);
    const update = bench.compiler.reconcile(new Map());
    expect(update.generation).toBe(8);
    expect(generationOf(applyNftChanges(new Map(), update.changes))).toBe(8);
  });

  test('is not known if the chains that hold it disagree', () => {
    const bench = new Bench();
    const table = bench.kernel.get('inet slash32');
    if (table === undefined) throw new TypeError('no table');
    const chains = new Map(table.chains);
    chains.set('source-judged', { name: 'source-judged', rules: [] });
    expect(generationOf(new Map([['inet slash32', { ...table, chains }]]))).toBeUndefined();
  });
});

describe('the connection mark', () => {
  const packet = (mark: number): ProgramPacket & { flow: { mark: number } } => ({
    family: 4,
    iifname: 'uplink',
    oifname: 'tap1',
    source: '198.51.100.9',
    destination: '10.0.0.11',
    protocol: 6,
    sourcePort: 1000,
    destinationPort: 443,
    flow: {
      state: 'new',
      direction: 'original',
      original: { source: '198.51.100.9', destination: '10.0.0.11', protocol: 6, protocolDestination: 443 },
      mark,
    },
  });

  test('notes the end that passed, keeps the upper 8 bits, and clears what an older generation noted', () => {
    const bench = new Bench(5);
    const fresh = packet(0xab_00_00_00);
    expect(evaluateHook(bench.kernel, 'inet slash32', 'forward', fresh).verdict).toBe('accept');
    expect(fresh.flow.mark.toString(16)).toBe('ab800005');
    const stale = packet(0xab_c0_00_04);
    expect(evaluateHook(bench.kernel, 'inet slash32', 'forward', stale).verdict).toBe('accept');
    expect(stale.flow.mark.toString(16)).toBe('ab800005');
  });

  test('of flows that are not ours is left alone', () => {
    const bench = new Bench(5);
    const transit = { ...packet(0xab_12_34_56), oifname: 'uplink2' };
    expect(evaluateHook(bench.kernel, 'inet slash32', 'forward', transit).verdict).toBe('accept');
    expect(transit.flow.mark.toString(16)).toBe('ab123456');
  });
});
