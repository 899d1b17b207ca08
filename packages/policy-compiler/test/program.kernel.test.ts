import { execFileSync } from 'node:child_process';
import type { NftRuleset, Resource } from '@slash32/shared';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { everyKindOfRule } from './every-kind-of-rule.ts';
import { inside, type PacketPeer } from './kernel-host.ts';
import { instanceAt, KernelSite } from './kernel-site.ts';
import { instance, type RuleInput, securityGroup } from './manifests.ts';
import { elementText } from './nft-text.ts';
import { groupArbitrary } from './random-fabric.ts';

const UDP = 17;
let site: KernelSite;

beforeAll(async () => {
  site = await KernelSite.start();
});

afterAll(() => {
  site[Symbol.dispose]();
});

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
    const probes = await site.probeEverything();
    expect(site.outcomes(probes)).toEqual(probes.map(({ payload, verdict, seen }) => ({ payload, verdict, seen })));
    expect(probes.filter((some) => some.verdict === 'pass').length).toBeGreaterThan(0);
  });

  test.each([1, 2, 3, 4, 5, 6])('real packets fare as the evaluator says, random groups %i', async (seed) => {
    site.update(...randomGroups(seed));
    const probes = await site.probeEverything();
    expect(site.outcomes(probes)).toEqual(probes.map(({ payload, verdict, seen }) => ({ payload, verdict, seen })));
  });

  test('real packets fare as the evaluator says with every kind of set and rule', async () => {
    // Members of t/g1 are outside, too: their prefixes are a set of their own.
    site.update(...everyKindOfRule(), instanceAt(0, '198.51.100.0/24', '2001:db8:ffff::/48'));
    const sets = [...(site.compiler.ruleset().get('inet slash32')?.sets.keys() ?? [])];
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
    const probes = await site.probeEverything();
    expect(site.outcomes(probes)).toEqual(probes.map(({ payload, verdict, seen }) => ({ payload, verdict, seen })));
    expect(probes.filter(({ verdict }) => verdict === 'pass').length).toBeGreaterThan(20);
    expect(listedElements()).toEqual(desiredElements(site.compiler.ruleset()));
    site.update(instanceAt(0));
  });

  test('real packets fare the same with every kind of rule counted, each at the rule that let it pass', async () => {
    site.update(...everyKindOfRule(true), instanceAt(0, '198.51.100.0/24', '2001:db8:ffff::/48'));
    const before = countedPackets();
    const probes = await site.probeEverything();
    expect(site.outcomes(probes)).toEqual(probes.map(({ payload, verdict, seen }) => ({ payload, verdict, seen })));
    const { length } = probes.flatMap(({ rules }) => rules);
    // What passes at one end and drops at the other is not waited for.
    await expect.poll(() => countedPackets() - before, { timeout: 10_000 }).toBe(length);
    expect(listedElements()).toEqual(desiredElements(site.compiler.ruleset()));
    site.update(...everyKindOfRule(), instanceAt(0));
    expect(countedPackets()).toBe(0);
  });

  test('what the kernel lists is what was sent, so a restart has nothing to change', () => {
    expect(listedElements()).toEqual(desiredElements(site.compiler.ruleset()));
  });
});

const ANY_UDP: RuleInput[] = [
  { direction: 'egress', ethertype: 'IPv4', protocol: 'udp' },
  { direction: 'ingress', ethertype: 'IPv4', protocol: 'udp' },
];

describe('translation', () => {
  test('shows the host’s address outside the site, the instance’s own inside', async () => {
    site.update(securityGroup('t/g1', ANY_UDP), securityGroup('u/g1', ANY_UDP));
    const probes = [
      await site.sendProbe('t/i2', '10.2.0.2', 'outside', '1.1.1.1', 443),
      await site.sendProbe('t/i2', '10.2.0.2', 't/i3', '10.3.0.3', 443),
      await site.sendProbe('t/i1', '10.1.0.1', 'outside', '1.1.1.1', 443),
      await site.sendProbe('t/i3', '10.3.0.3', 'outside', '1.1.1.1', 443),
    ];
    await site.settle(probes);
    expect(probes.map(({ payload, receiver }) => site.peer(receiver).packet(payload)?.from)).toEqual([
      '192.0.2.11',
      '10.2.0.2',
      '10.1.0.1',
      undefined,
    ]);
    expect(site.outcomes(probes)).toEqual(probes.map(({ payload, verdict, seen }) => ({ payload, verdict, seen })));
  });
});

describe('a rule that goes', () => {
  test('stops established flows, also when only the far side sends, and no other flow loses a packet', async () => {
    site.update(securityGroup('t/g1', ANY_UDP), securityGroup('t/g2', []), securityGroup('u/g1', ANY_UDP));
    const [cut, other, outside] = [site.peer('t/i1'), site.peer('t/i3'), site.peer('outside')];
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
    await site.peer('t/i2').until(() => site.peer('t/i2').packet('other begins') !== undefined, 'other begins');
    await send(outside, 'cut replies', '198.51.100.7', 31_000, '10.1.0.1', 30_001);
    await cut.until(() => cut.packet('cut replies') !== undefined, 'cut replies');

    site.update(securityGroup('t/g1', []), securityGroup('t/g2', ANY_UDP));
    for (let round = 0; round < 20; round += 1) {
      await send(outside, `reply after cut ${round}`, '198.51.100.7', 31_000, '10.1.0.1', 30_001);
      await send(cut, `packet after cut ${round}`, '10.1.0.1', 30_001, '198.51.100.7', 31_000);
      await send(other, `other goes on ${round}`, '10.3.0.3', 30_002, '10.2.0.2', 443);
    }
    await site
      .peer('t/i2')
      .until(
        () => site.peer('t/i2').received.filter(({ payload }) => payload.startsWith('other goes on')).length === 20,
        'the other flow goes on',
      );
    expect(cut.received.filter(({ payload }) => payload.startsWith('reply after cut'))).toEqual([]);
    expect(outside.received.filter(({ payload }) => payload.startsWith('packet after cut'))).toEqual([]);

    site.update(securityGroup('t/g1', ANY_UDP));
    await send(outside, 'reply after return', '198.51.100.7', 31_000, '10.1.0.1', 30_001);
    await cut.until(() => cut.packet('reply after return') !== undefined, 'the reply alone resumes the flow');
  });

  test('a flow to an address outside is judged again when the address becomes an instance’s here', async () => {
    site.update(securityGroup('t/g1', ANY_UDP), securityGroup('u/g2', []));
    const sender = site.peer('t/i1');
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
    const generation = site.compiler.generation;
    site.update(later);
    expect(site.compiler.generation).toBe(generation);
    site.addPeer('u/later');
    await site.peer('u/later').listen(4, 443);
    await sender.send({
      family: 4,
      address: '10.1.0.1',
      sourcePort: 30_009,
      to: '10.1.0.9',
      port: 443,
      payload: 'not allowed in',
    });
    site.update(securityGroup('u/g2', ANY_UDP));
    await sender.send({
      family: 4,
      address: '10.1.0.1',
      sourcePort: 30_009,
      to: '10.1.0.9',
      port: 443,
      payload: 'allowed in',
    });
    await site.peer('u/later').until(() => site.peer('u/later').packet('allowed in') !== undefined, 'allowed in');
    expect(site.peer('u/later').packet('not allowed in')).toBeUndefined();
  });
});

describe('a source that is not the instance’s own', () => {
  test.each([
    ['IPv4', '10.1.0.77', '10.1.0.1', '198.51.100.7'],
    ['IPv6', '2001:db8:1::77', '2001:db8:1::1', '2600::1'],
  ])('%s: drops, beside its own that passes', async (ethertype, spoofed, own, destination) => {
    const family = ethertype === 'IPv4' ? 'IPv4' : 'IPv6';
    site.update(securityGroup('t/g1', [{ direction: 'egress', ethertype: family }]));
    inside('t-i1', `addr add ${spoofed} dev lo${family === 'IPv6' ? ' nodad' : ''}`);
    const probes = [
      await site.sendProbe('t/i1', spoofed, 'outside', destination, 443),
      await site.sendProbe('t/i1', own, 'outside', destination, 443),
    ];
    await site.settle(probes);
    expect(site.outcomes(probes)).toMatchObject([{ verdict: 'drop' }, { verdict: 'pass', seen: own }]);
  });
});

test('ICMP errors about a flow that passes reach the instance, translated or not', async () => {
  site.update(
    securityGroup('t/g1', [
      { direction: 'egress', ethertype: 'IPv4' },
      { direction: 'egress', ethertype: 'IPv6' },
    ]),
  );
  await site.peer('t/i1').refusal('198.51.100.7', 9);
  await site.peer('t/i1').refusal('2600::1', 9);
  await site.peer('t/i2').refusal('1.1.1.1', 9);
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
    site.update(securityGroup('t/g1', []));
    expect(ping('t-i1', '10.1.0.254')).toBe(true);
    expect(ping('t-i2', '2001:db8:2::fe')).toBe(true);
    expect(ping('t-i1', '192.0.2.11')).toBe(false);
  });

  test('pass where rules name their type; replies come by themselves', () => {
    site.update(securityGroup('t/g1', ECHO));
    expect(ping('t-i1', '198.51.100.7')).toBe(true);
    expect(ping('outside', '10.1.0.1')).toBe(true);
    site.update(securityGroup('t/g1', []));
    expect(ping('t-i1', '198.51.100.7')).toBe(false);
  });

  test('need rules for the replies, too, where groups are stateless', () => {
    site.update(securityGroup('t/s1', ECHO, false));
    expect(ping('t-i4', '198.51.100.7')).toBe(false);
    site.update(securityGroup('t/s1', [...ECHO, ...ANSWER], false));
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

/** As numbers, with -n. */
const FAMILIES: Readonly<Record<string, string>> = { 2: 'ipv4', 10: 'ipv6' };
const COUNTER = / counter packets (\d+) bytes \d+/;

/** Of all rules. */
function countedPackets(): number {
  const listing = execFileSync('nft', ['-n', 'list', 'table', 'inet', 'slash32']).toString();
  const counts = [...listing.matchAll(new RegExp(COUNTER, 'g'))].map(([, packets]) => Number(packets));
  return counts.reduce((sum, packets) => sum + packets, 0);
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
        .split(/,(?=\s)/)
        .map((element) => element.replace(COUNTER, '').trim())
        .map((element) => (content.includes('type nf_proto') ? (FAMILIES[element] ?? element) : element))
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
      desired[`${table} ${name}`] = [...elements].map(([key, data]) => elementText(key, data)).sort();
    }
  }
  return desired;
}
