import { describe, expect, test } from 'vitest';
import { evaluateHook, FabricModel, HostPolicyCompiler, type ProgramPacket, tracePacket } from '../src/index.ts';
import { host, instance, network, type RuleInput, securityGroup } from './manifests.ts';

/** What no instance says to hosts other than its own, whatever its groups allow. */

const ANYTHING: RuleInput[] = [
  { direction: 'egress', ethertype: 'IPv4' },
  { direction: 'egress', ethertype: 'IPv6' },
];
const HOSTS = { 4: '192.0.2.2', 6: '2001:db8:f::2' } as const;
const NOBODY = { 4: '192.0.2.99', 6: '2001:db8:f::99' } as const;

function setUp(): { model: FabricModel; compiler: HostPolicyCompiler } {
  const model = new FabricModel();
  model.put(host('h1', { address: '192.0.2.1' }));
  model.put(host('h2', { address: HOSTS[4], address6: HOSTS[6] }));
  model.put(network('net', { pools: [{ cidr: '10.0.0.0/16', gateway: '10.0.0.1' }, { cidr: '2001:db8:1::/64' }] }));
  model.put(securityGroup('t/open', ANYTHING));
  model.put(securityGroup('t/stateless', ANYTHING, false));
  for (const [number, rest] of [
    [1, { securityGroups: ['open'] }],
    [2, { securityGroups: ['stateless'] }],
    [3, { portSecurity: false }],
  ] as const) {
    model.put(
      instance(`t/i${number}`, {
        host: 'h1',
        interface: `tap${number}`,
        mac: `52:54:00:00:00:0${number}`,
        network: 'net',
        addresses: [`10.0.0.1${number}`, `2001:db8:1::${number}`],
        ...('securityGroups' in rest ? { securityGroups: [...rest.securityGroups] } : rest),
      }),
    );
  }
  const compiler = new HostPolicyCompiler(model, 'h1', { initialGeneration: 5 });
  compiler.reconcile(new Map());
  return { model, compiler };
}

function packet(number: number, destination: string, protocol: number, port = 0): ProgramPacket {
  const family = destination.includes(':') ? 6 : 4;
  const source = family === 4 ? `10.0.0.1${number}` : `2001:db8:1::${number}`;
  return {
    family,
    iifname: `tap${number}`,
    oifname: 'uplink',
    source,
    destination,
    protocol,
    ...(port === 0 ? {} : { sourcePort: 40_000, destinationPort: port }),
    flow: {
      state: 'new',
      direction: 'original',
      original: { source, destination, protocol, protocolDestination: port },
      mark: 0,
    },
  };
}

describe.each([
  ['stateful', 1],
  ['stateless', 2],
  ['without port security', 3],
] as const)('an instance that is %s', (_, number) => {
  const { model, compiler } = setUp();
  const ruleset = compiler.ruleset();

  test.each<[string, number, number | undefined]>([
    ['BGP', 6, 179],
    ['BFD', 17, 3784],
    ['BFD echo', 17, 3785],
    ['multihop BFD', 17, 4784],
    ['VXLAN', 17, 4789],
    ['Geneve', 17, 6081],
    ['IPIP', 4, undefined],
    ['IPv6 in IP', 41, undefined],
    ['GRE', 47, undefined],
  ])('does not speak %s to a host, but may to others', (_name, protocol, port) => {
    for (const family of [4, 6] as const) {
      for (const [destination, verdict] of [
        [HOSTS[family], 'drop'],
        [NOBODY[family], 'pass'],
      ] as const) {
        const { verdict: compiled } = evaluateHook(
          ruleset,
          'inet slash32',
          'forward',
          packet(number, destination, protocol, port),
        );
        const traced = tracePacket(model, {
          source: { instance: `t/i${number}` },
          destination: { address: destination },
          protocol,
          family,
          ...(port === undefined ? {} : { port }),
        });
        expect({ family, destination, verdict: compiled === 'accept' ? 'pass' : 'drop' }).toEqual({
          family,
          destination,
          verdict,
        });
        expect(traced.verdict).toBe(verdict);
        if (verdict === 'drop') expect(traced.source.reason).toBe('fabric-protocol');
      }
    }
  });

  test('may speak other things to a host', () => {
    const { verdict } = evaluateHook(ruleset, 'inet slash32', 'forward', packet(number, HOSTS[4], 6, 443));
    expect(verdict).toBe('accept');
  });
});

test('a host that comes has flows judged again, one that goes opens what it closed', () => {
  const { model, compiler } = setUp();
  model.put(host('h3', { address: NOBODY[4] }));
  const update = compiler.flush();
  expect(update.revokes).toBe(true);
  const flow = packet(1, NOBODY[4], 6, 179);
  expect(evaluateHook(compiler.ruleset(), 'inet slash32', 'forward', flow).verdict).toBe('drop');
  model.delete('Host/h3');
  expect(compiler.flush().revokes).toBe(false);
  expect(evaluateHook(compiler.ruleset(), 'inet slash32', 'forward', flow).verdict).toBe('accept');
});
