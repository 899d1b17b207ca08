import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Ends, ethernet, icmp, ip, udp } from './frames.ts';
import { inside, macOf, sendFrames } from './kernel-host.ts';
import { KernelSite } from './kernel-site.ts';
import { type RuleInput, securityGroup } from './manifests.ts';

/**
 * ICMP errors that come after a rule went and before their flow's next own packet. Their effect is path MTU discovery: a
 * kernel that gets one about a flow of its own remembers the MTU in its route cache.
 */

const UDP = 17;
const MTU = 1_300;
const FAR_PORT = 31_000;
let site: KernelSite;
let nextPort = 40_000;

beforeAll(async () => {
  site = await KernelSite.start();
  await site.peer('outside').listen(4, FAR_PORT);
  await site.peer('outside').listen(6, FAR_PORT);
});

afterAll(() => {
  site[Symbol.dispose]();
});

beforeEach(() => {
  for (const namespace of ['t-i1', 't-i3', 'outside']) inside(namespace, 'route flush cache', '-6 route flush cache');
});

const FAR = { 4: '198.51.100.7', 6: '2600::1' } as const;
const ROUTER = { 4: '192.0.2.254', 6: '2001:db8:f::fe' } as const;
const ANY: RuleInput[] = (['ingress', 'egress'] as const).flatMap((direction) =>
  (['IPv4', 'IPv6'] as const).map((ethertype) => ({ direction, ethertype, protocol: 'udp' })),
);

function addressOf(name: string, family: 4 | 6): string {
  return site.open(name).addresses.find((address) => address.includes(':') === (family === 6)) ?? '';
}

/** "Fragmentation needed" or "packet too big", to the sender of a packet of this flow. */
function tooBig(from: string, about: Ends, ports: { readonly source: number; readonly destination: number }): Buffer {
  const original = ip(about, UDP, udp(about, ports, Buffer.alloc(1_400)));
  const ends = { source: from, destination: about.source };
  return from.includes(':')
    ? ip(ends, 58, icmp(ends, { type: 2, rest: MTU }, original.subarray(0, 500)))
    : ip(ends, 1, icmp(ends, { type: 3, code: 4, rest: MTU }, original.subarray(0, 28)));
}

function fromOutside(packet: Buffer): void {
  const source = macOf('eth0', 'outside');
  const type = (packet[0] ?? 0) >> 4 === 4 ? 'ipv4' : 'ipv6';
  sendFrames('outside', 'eth0', ethernet({ source, destination: macOf('uplink') }, type, packet));
}

function fromInstance(name: string, packet: Buffer): void {
  const { mac, interface: tap } = site.open(name);
  const type = (packet[0] ?? 0) >> 4 === 4 ? 'ipv4' : 'ipv6';
  sendFrames(name.replace('/', '-'), 'eth0', ethernet({ source: mac, destination: macOf(tap) }, type, packet));
}

/** Of the way to an address; `undefined`: nothing was learned. */
function learnedMtu(namespace: string, to: string): number | undefined {
  const text = execFileSync('ip', ['-n', namespace, 'route', 'get', to]).toString();
  const mtu = /\bmtu (\d+)/.exec(text)?.[1];
  return mtu === undefined ? undefined : Number(mtu);
}

/** A datagram there, so that the flow exists and has passed; returns the source port. */
async function establish(from: string, address: string, receiver: string, to: string, port: number): Promise<number> {
  nextPort += 1;
  const payload = `flow ${nextPort} to ${to}`;
  const family = to.includes(':') ? 6 : 4;
  await site.peer(from).send({ family, address, sourcePort: nextPort, to, port, payload });
  await site.peer(receiver).until(() => site.peer(receiver).packet(payload) !== undefined, payload);
  return nextPort;
}

describe.each([4, 6] as const)('IPv%i: path MTU discovery', (family) => {
  test('goes on after a rule of others went, before the flow’s next own packet', async () => {
    site.update(securityGroup('t/g1', ANY), securityGroup('t/g2', ANY));
    const about = { source: addressOf('t/i1', family), destination: FAR[family] };
    const port = await establish('t/i1', about.source, 'outside', about.destination, FAR_PORT);
    const { generation } = site.compiler;
    site.update(securityGroup('t/g2', []));
    expect(site.compiler.generation).toBe(generation + 1);
    fromOutside(tooBig(ROUTER[family], about, { source: port, destination: FAR_PORT }));
    expect(learnedMtu('t-i1', about.destination)).toBe(MTU);
  });

  test('works for replies of an instance to a flow from outside', async () => {
    site.update(securityGroup('t/g1', ANY), securityGroup('t/g2', ANY));
    const [far, own] = [FAR[family], addressOf('t/i1', family)];
    const port = await establish('outside', far, 't/i1', own, 443);
    site.update(securityGroup('t/g2', []));
    const about = { source: own, destination: far };
    fromOutside(tooBig(ROUTER[family], about, { source: 443, destination: port }));
    expect(learnedMtu('t-i1', far)).toBe(MTU);
  });

  test('ends with the flow’s own rule, and comes back with it', async () => {
    site.update(securityGroup('t/g1', ANY));
    const about = { source: addressOf('t/i1', family), destination: FAR[family] };
    const port = await establish('t/i1', about.source, 'outside', about.destination, FAR_PORT);
    const packet = tooBig(ROUTER[family], about, { source: port, destination: FAR_PORT });
    site.update(securityGroup('t/g1', [{ direction: 'egress', ethertype: 'IPv4', protocol: 'icmp' }]));
    fromOutside(packet);
    expect(learnedMtu('t-i1', about.destination)).toBeUndefined();
    site.update(securityGroup('t/g1', ANY));
    fromOutside(packet);
    expect(learnedMtu('t-i1', about.destination)).toBe(MTU);
  });

  test('of a flow between two instances: believed from its end, not from another instance', async () => {
    site.update(securityGroup('t/g1', ANY), securityGroup('u/g1', ANY), securityGroup('t/g2', ANY));
    const about = { source: addressOf('t/i1', family), destination: addressOf('t/i3', family) };
    const ports = { source: await establish('t/i1', about.source, 't/i3', about.destination, 443), destination: 443 };
    site.update(securityGroup('t/g2', []));
    fromInstance('t/i2', tooBig(addressOf('t/i2', family), about, ports));
    expect(learnedMtu('t-i1', about.destination)).toBeUndefined();
    fromInstance('t/i3', tooBig(about.destination, about, ports));
    expect(learnedMtu('t-i1', about.destination)).toBe(MTU);
  });
});
