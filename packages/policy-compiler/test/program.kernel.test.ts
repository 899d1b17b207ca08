import { execFileSync } from 'node:child_process';
import type { NftRuleset, Resource } from '@slash32/shared';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FabricModel, HostPolicyCompiler, type OpenInstance, tracePacket } from '../src/index.ts';
import { everyKindOfRule } from './every-kind-of-rule.ts';
import { inside, KernelHost, PacketPeer } from './kernel-host.ts';
import { instance, type RuleInput, securityGroup } from './manifests.ts';
import { foundation, groupArbitrary, OUTSIDE } from './random-fabric.ts';

const UDP = 17;
const PORTS = [22, 80, 443, 8000] as const;
const INSTANCES = [
  ['t/i1', 'public', ['10.1.0.1', '2001:db8:1::1'], ['g1'], true],
  ['t/i2', 'nat', ['10.2.0.2', '2001:db8:2::2'], ['g1', 'g2'], true],
  ['t/i3', 'private', ['10.3.0.3', '2001:db8:3::3'], ['u/g1'], true],
  ['t/i4', 'public', ['10.1.0.4', '2001:db8:1::4'], ['s1'], true],
  ['t/i5', 'public', ['10.1.0.5', '2001:db8:1::5'], [], false],
] as const;

const model = new FabricModel();
const compiler = new HostPolicyCompiler(model, 'h1');
const peers = new Map<string, PacketPeer>();
let host: KernelHost;
let nextSourcePort = 20_000;

function update(...resources: readonly Resource[]): void {
  for (const resource of resources) model.put(resource);
  host.apply(compiler.flush().changes);
}

function peer(name: string): PacketPeer {
  const found = peers.get(name);
  if (found === undefined) throw new RangeError(`no peer ${name}`);
  return found;
}

function open(name: string): OpenInstance {
  const found = model.instance(name);
  if (found?.state !== 'open') throw new TypeError(`${name} is not open: ${found?.reason}`);
  return found;
}

/** The instance of INSTANCES[index]. */
function instanceAt(index: number, ...pairs: readonly string[]): Resource {
  const [name, network, addresses, groups, portSecurity] = INSTANCES[index] ?? INSTANCES[0];
  return instance(name, {
    host: 'h1',
    interface: `tapi${index + 1}`,
    mac: `52:54:00:00:00:0${index + 1}`,
    network,
    addresses: [...addresses],
    securityGroups: [...groups],
    allowedAddressPairs: pairs.map((cidr) => ({ cidr })),
    portSecurity,
  });
}

beforeAll(async () => {
  host = new KernelHost(OUTSIDE);
  for (const resource of foundation()) model.put(resource);
  INSTANCES.forEach((_, index) => {
    model.put(instanceAt(index));
  });
  for (const [name] of INSTANCES) peers.set(name, new PacketPeer(host.addInstance(open(name))));
  peers.set('outside', new PacketPeer('outside'));
  for (const some of peers.values()) for (const family of [4, 6] as const) await some.listen(family, ...PORTS);
  update();
});

afterAll(() => {
  for (const some of peers.values()) some[Symbol.dispose]();
});

interface Probe {
  readonly payload: string;
  readonly receiver: string;
  readonly verdict: 'pass' | 'drop';
  readonly seen: string | undefined;
}

/** Sends a datagram that begins a flow; returns what the evaluator expects of it. */
async function sendProbe(from: string, source: string, to: string, destination: string, port: number): Promise<Probe> {
  nextSourcePort += 1;
  const family = source.includes(':') ? 6 : 4;
  const payload = `${source}:${nextSourcePort} > ${destination}:${port}`;
  await peer(from).send({ family, address: source, sourcePort: nextSourcePort, to: destination, port, payload });
  const trace = tracePacket(model, {
    source: from === 'outside' ? { address: source } : { instance: from, address: source },
    destination: { address: destination },
    protocol: UDP,
    port,
    family,
  });
  return { payload, receiver: to, verdict: trace.verdict, seen: trace.seenSourceAddress };
}

/** Waits for all that must arrive; what must not has had the same time by then. */
async function settle(probes: readonly Probe[]): Promise<void> {
  for (const { payload, receiver, verdict } of probes) {
    if (verdict === 'pass') await peer(receiver).until(() => peer(receiver).packet(payload) !== undefined, payload);
  }
}

function outcomes(probes: readonly Probe[]): unknown[] {
  return probes.map(({ payload, receiver }) => {
    const packet = peer(receiver).packet(payload);
    return { payload, verdict: packet === undefined ? 'drop' : 'pass', seen: packet?.from };
  });
}

function addressOf(name: string, family: 4 | 6): string {
  return open(name).addresses.find((address) => address.includes(':') === (family === 6)) ?? '';
}

async function probeEverything(): Promise<Probe[]> {
  const probes: Probe[] = [];
  for (const family of [4, 6] as const) {
    const outside = OUTSIDE.filter((address) => address.includes(':') === (family === 6));
    for (const port of PORTS) {
      for (const [from] of INSTANCES) {
        for (const [to] of INSTANCES) {
          if (from === to) continue;
          probes.push(await sendProbe(from, addressOf(from, family), to, addressOf(to, family), port));
        }
        for (const address of outside) {
          probes.push(await sendProbe(from, addressOf(from, family), 'outside', address, port));
          probes.push(await sendProbe('outside', address, from, addressOf(from, family), port));
        }
      }
    }
  }
  await settle(probes);
  return probes;
}

/** Groups of random rules, mostly about UDP. */
function randomGroups(seed: number): Resource[] {
  return fc.sample(groupArbitrary, { seed, numRuns: 8 }).map((resource) => {
    if (resource.kind !== 'SecurityGroup') return resource;
    const rules = resource.spec.rules.map((rule) =>
      rule.protocol === 6 || rule.protocol === 132 ? { ...rule, protocol: UDP } : rule,
    );
    return { ...resource, spec: { ...resource.spec, rules } };
  });
}

describe('in the kernel', () => {
  test('nothing passes without rules, but for what has no port security', async () => {
    const probes = await probeEverything();
    expect(outcomes(probes)).toEqual(probes.map(({ payload, verdict, seen }) => ({ payload, verdict, seen })));
    expect(probes.filter((some) => some.verdict === 'pass').length).toBeGreaterThan(0);
  });

  test.each([1, 2, 3, 4, 5, 6])('real packets fare as the evaluator says, random groups %i', async (seed) => {
    update(...randomGroups(seed));
    const probes = await probeEverything();
    expect(outcomes(probes)).toEqual(probes.map(({ payload, verdict, seen }) => ({ payload, verdict, seen })));
  });

  test('real packets fare as the evaluator says with every kind of set and rule', async () => {
    // Members of t/g1 are outside, too: their prefixes are a set of their own.
    update(...everyKindOfRule(), instanceAt(0, '198.51.100.0/24', '2001:db8:ffff::/48'));
    const sets = [...(compiler.ruleset().get('inet slash32')?.sets.keys() ?? [])];
    for (const kind of [
      'udp',
      'protocols',
      'members',
      'member-prefixes',
      'address-group',
      'group/t/g1/udp',
      'list/t/a1/udp',
    ])
      expect(sets.some((name) => name.includes(kind))).toBe(true);
    const probes = await probeEverything();
    expect(outcomes(probes)).toEqual(probes.map(({ payload, verdict, seen }) => ({ payload, verdict, seen })));
    expect(probes.filter(({ verdict }) => verdict === 'pass').length).toBeGreaterThan(20);
    expect(listedElements()).toEqual(desiredElements(compiler.ruleset()));
    update(instanceAt(0));
  });

  test('what the kernel lists is what was sent, so a restart has nothing to change', () => {
    expect(listedElements()).toEqual(desiredElements(compiler.ruleset()));
  });
});

const ANY_UDP: RuleInput[] = [
  { direction: 'egress', ethertype: 'IPv4', protocol: 'udp' },
  { direction: 'ingress', ethertype: 'IPv4', protocol: 'udp' },
];

describe('translation', () => {
  test('shows the host’s address outside the site, the instance’s own inside', async () => {
    update(securityGroup('t/g1', ANY_UDP), securityGroup('u/g1', ANY_UDP));
    const probes = [
      await sendProbe('t/i2', '10.2.0.2', 'outside', '1.1.1.1', 443),
      await sendProbe('t/i2', '10.2.0.2', 't/i3', '10.3.0.3', 443),
      await sendProbe('t/i1', '10.1.0.1', 'outside', '1.1.1.1', 443),
      await sendProbe('t/i3', '10.3.0.3', 'outside', '1.1.1.1', 443),
    ];
    await settle(probes);
    expect(probes.map(({ payload, receiver }) => peer(receiver).packet(payload)?.from)).toEqual([
      '192.0.2.11',
      '10.2.0.2',
      '10.1.0.1',
      undefined,
    ]);
    expect(outcomes(probes)).toEqual(probes.map(({ payload, verdict, seen }) => ({ payload, verdict, seen })));
  });
});

describe('a rule that goes', () => {
  test('stops established flows, also when only the far side sends, and no other flow loses a packet', async () => {
    update(securityGroup('t/g1', ANY_UDP), securityGroup('t/g2', []), securityGroup('u/g1', ANY_UDP));
    const [cut, other, outside] = [peer('t/i1'), peer('t/i3'), peer('outside')];
    const send = (
      from: PacketPeer,
      payload: string,
      address: string,
      sourcePort: number,
      to: string,
      port: number,
    ): Promise<void> => from.send({ family: 4, address, sourcePort, to, port, payload });
    await outside.listenAt('198.51.100.7', 31_000);
    // One flow from an instance to outside, one between two instances; both have replies.
    await send(cut, 'cut begins', '10.1.0.1', 30_001, '198.51.100.7', 31_000);
    await outside.until(() => outside.packet('cut begins') !== undefined, 'cut begins');
    await send(other, 'other begins', '10.3.0.3', 30_002, '10.2.0.2', 443);
    await peer('t/i2').until(() => peer('t/i2').packet('other begins') !== undefined, 'other begins');
    await send(outside, 'cut replies', '198.51.100.7', 31_000, '10.1.0.1', 30_001);
    await cut.until(() => cut.packet('cut replies') !== undefined, 'cut replies');

    update(securityGroup('t/g1', []), securityGroup('t/g2', ANY_UDP));
    for (let round = 0; round < 20; round += 1) {
      await send(outside, `reply after cut ${round}`, '198.51.100.7', 31_000, '10.1.0.1', 30_001);
      await send(cut, `packet after cut ${round}`, '10.1.0.1', 30_001, '198.51.100.7', 31_000);
      await send(other, `other goes on ${round}`, '10.3.0.3', 30_002, '10.2.0.2', 443);
    }
    await peer('t/i2').until(
      () => peer('t/i2').received.filter(({ payload }) => payload.startsWith('other goes on')).length === 20,
      'the other flow goes on',
    );
    expect(cut.received.filter(({ payload }) => payload.startsWith('reply after cut'))).toEqual([]);
    expect(outside.received.filter(({ payload }) => payload.startsWith('packet after cut'))).toEqual([]);

    update(securityGroup('t/g1', ANY_UDP));
    await send(outside, 'reply after return', '198.51.100.7', 31_000, '10.1.0.1', 30_001);
    await cut.until(() => cut.packet('reply after return') !== undefined, 'the reply alone resumes the flow');
  });

  test('a flow to an address outside is judged again when the address becomes an instance’s here', async () => {
    update(securityGroup('t/g1', ANY_UDP), securityGroup('u/g2', []));
    const sender = peer('t/i1');
    const later = instance('u/later', {
      host: 'h1',
      interface: 'tapi9',
      mac: '52:54:00:00:00:19',
      network: 'public',
      addresses: ['10.1.0.9'],
      securityGroups: ['u/g2'],
    });
    await sender.send({
      family: 4,
      address: '10.1.0.1',
      sourcePort: 30_009,
      to: '10.1.0.9',
      port: 443,
      payload: 'to nobody',
    });
    const generation = compiler.generation;
    update(later);
    expect(compiler.generation).toBe(generation);
    peers.set('u/later', new PacketPeer(host.addInstance(open('u/later'))));
    await peer('u/later').listen(4, 443);
    await sender.send({
      family: 4,
      address: '10.1.0.1',
      sourcePort: 30_009,
      to: '10.1.0.9',
      port: 443,
      payload: 'not allowed in',
    });
    update(securityGroup('u/g2', ANY_UDP));
    await sender.send({
      family: 4,
      address: '10.1.0.1',
      sourcePort: 30_009,
      to: '10.1.0.9',
      port: 443,
      payload: 'allowed in',
    });
    await peer('u/later').until(() => peer('u/later').packet('allowed in') !== undefined, 'allowed in');
    expect(peer('u/later').packet('not allowed in')).toBeUndefined();
  });
});

describe('a source that is not the instance’s own', () => {
  test.each([
    ['IPv4', '10.1.0.77', '10.1.0.1', '198.51.100.7'],
    ['IPv6', '2001:db8:1::77', '2001:db8:1::1', '2600::1'],
  ])('%s: drops, beside its own that passes', async (ethertype, spoofed, own, destination) => {
    const family = ethertype === 'IPv4' ? 'IPv4' : 'IPv6';
    update(securityGroup('t/g1', [{ direction: 'egress', ethertype: family }]));
    inside('t-i1', `addr add ${spoofed} dev lo${family === 'IPv6' ? ' nodad' : ''}`);
    const probes = [
      await sendProbe('t/i1', spoofed, 'outside', destination, 443),
      await sendProbe('t/i1', own, 'outside', destination, 443),
    ];
    await settle(probes);
    expect(outcomes(probes)).toMatchObject([{ verdict: 'drop' }, { verdict: 'pass', seen: own }]);
  });
});

test('ICMP errors about a flow that passes reach the instance, translated or not', async () => {
  update(
    securityGroup('t/g1', [
      { direction: 'egress', ethertype: 'IPv4' },
      { direction: 'egress', ethertype: 'IPv6' },
    ]),
  );
  await peer('t/i1').refusal('198.51.100.7', 9);
  await peer('t/i1').refusal('2600::1', 9);
  await peer('t/i2').refusal('1.1.1.1', 9);
});

describe('echo requests', () => {
  const ECHO: RuleInput[] = [
    { direction: 'egress', ethertype: 'IPv4', protocol: 'icmp', icmp: { type: 8 } },
    { direction: 'ingress', ethertype: 'IPv4', protocol: 'icmp', icmp: { type: 8, code: 0 } },
  ];
  const ANSWER: RuleInput[] = [
    { direction: 'egress', ethertype: 'IPv4', protocol: 'icmp', icmp: { type: 0 } },
    { direction: 'ingress', ethertype: 'IPv4', protocol: 'icmp', icmp: { type: 0, code: 0 } },
  ];

  test('reach the gateway without any rule, of both families, and nothing else of the host', () => {
    update(securityGroup('t/g1', []));
    expect(ping('t-i1', '10.1.0.254')).toBe(true);
    expect(ping('t-i2', '2001:db8:2::fe')).toBe(true);
    expect(ping('t-i1', '192.0.2.11')).toBe(false);
  });

  test('pass where rules name their type; replies come by themselves', () => {
    update(securityGroup('t/g1', ECHO));
    expect(ping('t-i1', '198.51.100.7')).toBe(true);
    expect(ping('outside', '10.1.0.1')).toBe(true);
    update(securityGroup('t/g1', []));
    expect(ping('t-i1', '198.51.100.7')).toBe(false);
  });

  test('need rules for the replies, too, where groups are stateless', () => {
    update(securityGroup('t/s1', ECHO, false));
    expect(ping('t-i4', '198.51.100.7')).toBe(false);
    update(securityGroup('t/s1', [...ECHO, ...ANSWER], false));
    expect(ping('t-i4', '198.51.100.7')).toBe(true);
  });
});

function ping(namespace: string, address: string): boolean {
  try {
    execFileSync('ip', ['netns', 'exec', namespace, 'ping', '-c', '1', '-W', '1', address], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Set or map → elements, as `nft list` prints them. */
function listedElements(): Record<string, string[]> {
  const listing = ['inet slash32', 'arp slash32']
    .map((table) => execFileSync('nft', ['-n', 'list', 'table', ...table.split(' ')]).toString())
    .join('\n');
  const listed: Record<string, string[]> = {};
  for (const [, table = '', body = ''] of listing.matchAll(/^table (\w+ \S+) \{\n([\s\S]*?)^\}/gm)) {
    for (const [, name = '', content = ''] of body.matchAll(/^\t(?:set|map) (\S+) \{\n([\s\S]*?)^\t\}/gm)) {
      const elements = /elements = \{([\s\S]*?)\}/.exec(content)?.[1] ?? '';
      listed[`${table} ${name}`] = elements
        .split(',')
        .map((element) => element.trim())
        .filter((element) => element !== '')
        .sort();
    }
  }
  return listed;
}

function desiredElements(ruleset: NftRuleset): Record<string, string[]> {
  const desired: Record<string, string[]> = {};
  for (const [table, { sets }] of ruleset) {
    for (const [name, { elements }] of sets) {
      desired[`${table} ${name}`] = [...elements].map(([key, data]) => (data === '' ? key : `${key} : ${data}`)).sort();
    }
  }
  return desired;
}
