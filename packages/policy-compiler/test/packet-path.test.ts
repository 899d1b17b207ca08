import type { NftRuleset } from '@slash32/shared';
import { describe, expect, test } from 'vitest';
import { evaluateHook, FabricModel, HostPolicyCompiler, type ProgramPacket } from '../src/index.ts';
import { host, instance, network, securityGroup } from './manifests.ts';

/** What a packet that passed before meets, rule by rule, is what traffic costs. */

const WEB = securityGroup('t/web', [
  { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 443 },
  { direction: 'egress', ethertype: 'IPv4' },
]);

function webInstance(number: number, networkName = 'public'): ReturnType<typeof instance> {
  return instance(`t/web-${number}`, {
    host: 'h1',
    interface: `tap${number}`,
    mac: `52:54:00:00:00:0${number}`,
    network: networkName,
    addresses: [`10.${networkName === 'nat' ? 1 : 0}.0.1${number}`],
    securityGroups: ['web'],
  });
}

function setUp(): { model: FabricModel; compiler: HostPolicyCompiler } {
  const model = new FabricModel();
  model.put(host('h1', { address: '192.0.2.1' }));
  model.put(network('public', { pools: [{ cidr: '10.0.0.0/16', gateway: '10.0.0.1' }] }));
  model.put(
    network('nat', { pools: [{ cidr: '10.1.0.0/16', gateway: '10.1.0.1' }], egressNat: { ipv4: 'masquerade' } }),
  );
  model.put(WEB);
  for (const number of [1, 2]) model.put(webInstance(number));
  const compiler = new HostPolicyCompiler(model, 'h1', { initialGeneration: 5 });
  compiler.reconcile(new Map());
  return { model, compiler };
}

function packet(iifname: string, oifname: string, source: string, destination: string): ProgramPacket {
  const original = { source, destination, protocol: 6, protocolDestination: 443 };
  const flow = { state: 'established' as const, direction: 'original' as const, original, mark: 0 };
  return { family: 4, iifname, oifname, source, destination, protocol: 6, sourcePort: 9, destinationPort: 443, flow };
}

/** The rule that decided over the second packet of a flow, as `CHAIN[INDEX]`. */
function secondPacket(ruleset: NftRuleset, some: ProgramPacket): string {
  evaluateHook(ruleset, 'inet slash32', 'forward', some);
  const { verdict, decidedBy } = evaluateHook(ruleset, 'inet slash32', 'forward', some);
  expect(verdict).toBe('accept');
  if (decidedBy === undefined) throw new TypeError('no rule decided');
  const rules = ruleset.get('inet slash32')?.chains.get(decidedBy.chain)?.rules ?? [];
  return `${decidedBy.chain}[${rules.indexOf(decidedBy.rule)}]`;
}

describe('a flow that passed before', () => {
  const outside = '198.51.100.9';

  test('between instances of this host ends in the first rule of the only base chain', () => {
    const ruleset = setUp().compiler.ruleset();
    const chains = [...(ruleset.get('inet slash32')?.chains.values() ?? [])];
    expect(chains.filter((chain) => chain.hook?.hook === 'forward').map(({ name }) => name)).toEqual(['forward']);
    expect(secondPacket(ruleset, packet('tap1', 'tap2', '10.0.0.11', '10.0.0.12'))).toBe('forward[0]');
  });

  test('from outside ends in the base chain', () => {
    expect(secondPacket(setUp().compiler.ruleset(), packet('uplink', 'tap2', outside, '10.0.0.12'))).toBe('forward[3]');
  });

  test('to the outside ends where it is seen that no instance is there', () => {
    const ruleset = setUp().compiler.ruleset();
    expect(secondPacket(ruleset, packet('tap1', 'uplink', '10.0.0.11', outside))).toBe('destination-end[0]');
  });

  test('is judged by an end that has come to this host since', () => {
    const { compiler } = setUp();
    const leaving = packet('tap1', 'uplink', '10.0.0.11', '10.0.0.13');
    expect(evaluateHook(compiler.ruleset(), 'inet slash32', 'forward', leaving).verdict).toBe('accept');
    const arrived = { ...leaving, oifname: 'tap3' };
    expect(evaluateHook(compiler.ruleset(), 'inet slash32', 'forward', arrived).verdict).toBe('drop');
  });
});

test('translation is in the program while an endpoint is translated', () => {
  const { model, compiler } = setUp();
  const isThere = (): boolean => compiler.ruleset().get('inet slash32')?.chains.has('postrouting') === true;
  expect(isThere()).toBe(false);
  model.put(webInstance(3, 'nat'));
  expect(compiler.flush().revokes).toBe(false);
  expect(isThere()).toBe(true);
  model.delete('Instance/t/web-3');
  compiler.flush();
  expect(isThere()).toBe(false);
});

test('a second rule of a kind turns the first into an element of a set, and revokes nothing', () => {
  const { model, compiler } = setUp();
  const text = (): string[] =>
    compiler
      .ruleset()
      .get('inet slash32')
      ?.chains.get('ingress/t/web')
      ?.rules.map((rule) => rule.text) ?? [];
  expect(text()).toEqual([
    'meta nfproto ipv4 ct original protocol 6 ct original proto-dst 443 goto destination-passes',
    'drop',
  ]);
  const more = { direction: 'ingress' as const, ethertype: 'IPv4' as const, protocol: 'tcp', ports: 80 };
  model.put({
    ...WEB,
    spec: { ...WEB.spec, rules: [...WEB.spec.rules, ...securityGroup('t/web', [more]).spec.rules] },
  });
  expect(compiler.flush().revokes).toBe(false);
  expect(text()[0]).toContain('@ingress4/t/web/tcp');
  model.put(WEB);
  expect(compiler.flush().revokes).toBe(true);
  expect(text()).toHaveLength(2);
});
