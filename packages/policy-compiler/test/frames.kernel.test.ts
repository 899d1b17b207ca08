import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decodeFrame, traceFrame } from '../src/index.ts';
import {
  addressOctets,
  arp,
  type Ends,
  ethernet,
  fragmentHeader,
  icmp,
  ip,
  ipv4,
  ipv6,
  paddingHeader,
  routingHeader,
  sctpInit,
  sourceRouteOption,
  udp,
} from './frames.ts';
import { inside, macOf, sendFrames } from './kernel-host.ts';
import { instanceAt, KernelSite } from './kernel-site.ts';
import { fabric, host, type RuleInput, securityGroup } from './manifests.ts';

/** Frames that no ordinary kernel sends, from an instance whose groups allow everything, or one thing. */

const ANYTHING: RuleInput[] = (['ingress', 'egress'] as const).flatMap((direction) =>
  (['IPv4', 'IPv6'] as const).map((ethertype) => ({ direction, ethertype })),
);
const OWN = { 4: '10.1.0.1', 6: '2001:db8:1::1' } as const;
const FAR = { 4: '198.51.100.7', 6: '2600::1' } as const;
let site: KernelSite;
let mac: string;

beforeAll(async () => {
  site = await KernelSite.start();
  ({ mac } = site.open('t/i1'));
  // After our chains of each hook, so that these count what is left. A kernel's own neighbour discovery has 255 hops.
  nft(`
    table inet probe {
      counter guard { }
      chain prerouting {
        type filter hook prerouting priority -299
        iifname "tapi1" ip ttl 64 counter name guard
        iifname "tapi1" ip6 hoplimit 64 counter name guard
      }
    }
    table inet probe {
      counter taken { }
      chain input {
        type filter hook input priority 1
        iifname "tapi1" udp dport { 53, 80 } counter name taken
      }
    }
    table arp probe {
      counter guard { }
      chain input {
        type filter hook input priority 1
        iifname "tapi1" counter name guard
      }
    }`);
  nft(
    `table inet probe {
      counter arrived { }
      chain prerouting {
        type filter hook prerouting priority 0
        ip saddr 10.1.0.1 counter name arrived
        ip6 saddr 2001:db8:1::1 counter name arrived
      }
    }`,
    'outside',
  );
});

afterAll(() => {
  site[Symbol.dispose]();
});

beforeEach(() => site.update(securityGroup('t/g1', ANYTHING)));

function nft(text: string, namespace?: string): string {
  const words = namespace === undefined ? ['nft'] : ['ip', 'netns', 'exec', namespace, 'nft'];
  return execFileSync(words[0] ?? '', [...words.slice(1), '-f', '-'], { input: text }).toString();
}

/** Packets that a counter of the table `probe` has seen. */
function counted(counter: string, family: 'inet' | 'arp' = 'inet', namespace?: string): number {
  const listing = nft(`list counter ${family} probe ${counter}`, namespace);
  return Number(/packets (\d+)/.exec(listing)?.[1]);
}

function framed(packet: Buffer, source = mac): Buffer {
  const type = (packet[0] ?? 0) >> 4 === 4 ? 'ipv4' : 'ipv6';
  return ethernet({ source, destination: macOf('tapi1') }, type, packet);
}

function datagram(ends: Ends, source: number, destination: number, payload = 'x'): Buffer {
  return udp(ends, { source, destination }, Buffer.from(payload));
}

const ends4 = { source: OWN[4], destination: FAR[4] };
const ends6 = { source: OWN[6], destination: FAR[6] };
const linkLocal = { source: 'fe80::5054:ff:fe00:1', destination: 'ff02::1' };

describe('what an instance may never send, with groups that allow everything', () => {
  const udp4 = (source = 1_000): Buffer => datagram(ends4, source, 9);
  const udp6 = (source = 1_000): Buffer => datagram(ends6, source, 9);
  const nd = (type: number, target: string): Buffer =>
    ip(linkLocal, 58, icmp(linkLocal, { type, rest: 0 }, addressOctets(target)));

  test.each<[string, 'pass' | 'drop', () => Buffer]>([
    ['its own', 'pass', () => framed(ip(ends4, 17, udp4()))],
    ['its own, IPv6', 'pass', () => framed(ip(ends6, 17, udp6()))],
    ['with the address of another', 'drop', () => framed(ip({ ...ends4, source: '10.3.0.3' }, 17, udp4()))],
    ['with the address of another, IPv6', 'drop', () => framed(ip({ ...ends6, source: '2001:db8:3::3' }, 17, udp6()))],
    ['with the MAC address of another', 'drop', () => framed(ip(ends4, 17, udp4()), '52:54:00:00:00:03')],
    ['with the MAC address of another, IPv6', 'drop', () => framed(ip(ends6, 17, udp6()), '52:54:00:00:00:03')],
    ['as a DHCP server', 'drop', () => framed(ip(ends4, 17, udp4(67)))],
    ['as a DHCPv6 server', 'drop', () => framed(ip(ends6, 17, udp6(547)))],
    [
      'as a DHCPv6 server, behind an extension header',
      'drop',
      () => framed(ipv6({ ...ends6, nextHeader: 60 }, Buffer.concat([paddingHeader(17), udp6(547)]))),
    ],
    [
      'as a DHCPv6 server from its link-local address',
      'drop',
      () => framed(ip(linkLocal, 17, datagram(linkLocal, 547, 546))),
    ],
    ['as a router', 'drop', () => framed(nd(134, '::'))],
    ['as a router, from its address', 'drop', () => framed(ip(ends6, 58, icmp(ends6, { type: 134 }, Buffer.alloc(8))))],
    ['a redirect', 'drop', () => framed(nd(137, 'fe80::1'))],
    ['an advertisement of the gateway', 'drop', () => framed(nd(136, 'fe80::1'))],
    ['an advertisement of itself', 'pass', () => framed(nd(136, linkLocal.source))],
    [
      'a loose source route',
      'drop',
      () => framed(ipv4({ ...ends4, protocol: 17, options: sourceRouteOption(131, '10.3.0.3') }, udp4())),
    ],
    [
      'a strict source route',
      'drop',
      () => framed(ipv4({ ...ends4, protocol: 17, options: sourceRouteOption(137, '10.3.0.3') }, udp4())),
    ],
    [
      'another IPv4 option',
      'pass',
      () => framed(ipv4({ ...ends4, protocol: 17, options: Buffer.from([148, 4, 0, 0]) }, udp4())),
    ],
    ...[0, 2, 3, 4].map((type): [string, 'drop', () => Buffer] => [
      `a routing header of type ${type}`,
      'drop',
      () =>
        framed(ipv6({ ...ends6, nextHeader: 43 }, Buffer.concat([routingHeader(17, type, '2001:db8:3::3'), udp6()]))),
    ]),
    [
      'a routing header behind destination options',
      'drop',
      () => {
        const headers = [paddingHeader(43), routingHeader(17, 4, '2001:db8:3::3')];
        return framed(ipv6({ ...ends6, nextHeader: 60 }, Buffer.concat([...headers, udp6()])));
      },
    ],
    [
      'destination options',
      'pass',
      () => framed(ipv6({ ...ends6, nextHeader: 60 }, Buffer.concat([paddingHeader(17), udp6()]))),
    ],
    ['neither IPv4 nor IPv6 in a frame that says so', 'drop', () => framed(Buffer.alloc(40, 0x45)).fill(0, 26, 34)],
  ])('%s: %s', async (_, verdict, make) => {
    const frame = make();
    const before = counted('guard');
    sendFrames('t-i1', 'eth0', frame);
    const honest = framed(ip(ends4, 17, datagram(ends4, 1_001, 9)));
    sendFrames('t-i1', 'eth0', honest);
    await expect.poll(() => counted('guard') - before).toBe(verdict === 'pass' ? 2 : 1);
    if (frame.subarray(14).equals(Buffer.alloc(40, 0x45).fill(0, 12, 20))) return; // no packet at all to judge
    const { steps } = traceFrame(site.model, { instance: 't/i1', direction: 'from', frame: decodeFrame(frame) });
    expect(steps.find(({ what }) => what === 'source')?.verdict).toBe(verdict);
  });

  test.each<[string, 'pass' | 'drop', Partial<Parameters<typeof arp>[0]>]>([
    ['for its gateway', 'pass', {}],
    ['in the name of another', 'drop', { operation: 2, senderAddress: '10.3.0.3' }],
    ['in the name of the gateway', 'drop', { operation: 2, senderAddress: '10.1.0.254' }],
    ['with the MAC address of another', 'drop', { operation: 2, senderMac: '52:54:00:00:00:03' }],
    ['as a probe', 'pass', { senderAddress: '0.0.0.0', targetAddress: '10.1.0.50' }],
    ['as a probe with a foreign MAC address', 'drop', { senderAddress: '0.0.0.0', senderMac: '52:54:00:00:00:03' }],
  ])('ARP %s: %s', async (_, verdict, change) => {
    const packet = arp({ operation: 1, senderMac: mac, senderAddress: OWN[4], targetAddress: '10.1.0.254', ...change });
    const frame = ethernet({ source: mac, destination: 'ff:ff:ff:ff:ff:ff' }, 'arp', packet);
    const honest = arp({ operation: 1, senderMac: mac, senderAddress: OWN[4], targetAddress: '10.1.0.254' });
    const before = counted('guard', 'arp');
    sendFrames('t-i1', 'eth0', frame, ethernet({ source: mac, destination: 'ff:ff:ff:ff:ff:ff' }, 'arp', honest));
    await expect.poll(() => counted('guard', 'arp') - before).toBe(verdict === 'pass' ? 2 : 1);
    expect(traceFrame(site.model, { instance: 't/i1', direction: 'from', frame: decodeFrame(frame) }).verdict).toBe(
      verdict,
    );
  });

  test('ARP in a frame with the MAC address of another', async () => {
    const packet = arp({ operation: 1, senderMac: mac, senderAddress: OWN[4], targetAddress: '10.1.0.254' });
    const before = counted('guard', 'arp');
    for (const source of ['52:54:00:00:00:03', mac]) {
      sendFrames('t-i1', 'eth0', ethernet({ source, destination: 'ff:ff:ff:ff:ff:ff' }, 'arp', packet));
    }
    await expect.poll(() => counted('guard', 'arp') - before).toBe(1);
  });

  test('protocols of the fabric to another host', async () => {
    site.update(host('h9', { address: FAR[4], address6: FAR[6] }));
    const before = counted('arrived', 'inet', 'outside');
    for (const port of [3784, 4789, 6081]) {
      sendFrames('t-i1', 'eth0', framed(ip(ends4, 17, datagram(ends4, 1_002, port))));
      sendFrames('t-i1', 'eth0', framed(ip(ends6, 17, datagram(ends6, 1_002, port))));
    }
    for (const protocol of [4, 41, 47]) sendFrames('t-i1', 'eth0', framed(ip(ends4, protocol, Buffer.alloc(28, 0x45))));
    sendFrames('t-i1', 'eth0', framed(ip(ends4, 17, datagram(ends4, 1_002, 443))));
    await expect.poll(() => counted('arrived', 'inet', 'outside') - before).toBe(1);
    site.model.delete('Host/h9');
    site.update();
    sendFrames('t-i1', 'eth0', framed(ip(ends4, 17, datagram(ends4, 1_003, 4789))));
    await expect.poll(() => counted('arrived', 'inet', 'outside') - before).toBe(2);
  });
});

test('services of the host are open to its instances where they are configured, and nowhere else', async () => {
  execFileSync('ip', ['addr', 'add', '169.254.169.254/32', 'dev', 'lo']);
  const before = counted('taken');
  const toHost = (destination: string, port: number): Buffer => {
    const ends = { source: destination.includes(':') ? OWN[6] : OWN[4], destination };
    return framed(ip(ends, 17, datagram(ends, 1_004, port)));
  };
  const all = [
    toHost('10.1.0.254', 53),
    toHost('fe80::1', 53),
    toHost('169.254.169.254', 80),
    toHost('192.0.2.11', 53),
    toHost('10.1.0.254', 80),
    toHost('169.254.169.254', 53),
  ];
  sendFrames('t-i1', 'eth0', ...all);
  site.update(
    fabric({
      siteCidrs: ['10.0.0.0/8', '2001:db8::/32'],
      hostServices: [
        { protocol: 'udp', port: 53 },
        { protocol: 'udp', port: 80, address: '169.254.169.254' },
      ],
    }),
  );
  const verdicts = all.map(
    (frame) => traceFrame(site.model, { instance: 't/i1', direction: 'from', frame: decodeFrame(frame) }).verdict,
  );
  expect(verdicts).toEqual(['pass', 'pass', 'pass', 'drop', 'drop', 'drop']);
  sendFrames('t-i1', 'eth0', ...all);
  await expect.poll(() => counted('taken') - before).toBe(3);
});

describe('rules by number of protocol', () => {
  test.each([
    ['ipip', 4],
    ['gre', 47],
    ['esp', 50],
    ['ah', 51],
    ['ospf', 89],
    ['vrrp', 112],
    ['200', 200],
    ['253', 253],
  ])('%s (%i) passes with its rule, and no other does', async (name, protocol) => {
    site.update(
      securityGroup('t/g1', [
        { direction: 'egress', ethertype: 'IPv4', protocol: name },
        { direction: 'egress', ethertype: 'IPv6', protocol },
      ]),
    );
    const before = counted('arrived', 'inet', 'outside');
    for (const ends of [ends4, ends6]) {
      for (const some of [protocol, protocol + 1]) {
        const family = ends === ends4 ? 4 : 6;
        // An authentication header is an extension header of IPv6, and has no payload of its own.
        if (family === 6 && (some === 51 || some === 50)) continue;
        sendFrames('t-i1', 'eth0', framed(ip(ends, some, Buffer.alloc(28, 0x45))));
      }
    }
    const both = protocol === 50 || protocol === 51 ? 1 : 2;
    await expect.poll(() => counted('arrived', 'inet', 'outside') - before).toBe(both);
  });
});

test.each([4, 6] as const)('SCTP over IPv%i passes at its port and at no other', async (family) => {
  const ethertype = family === 4 ? 'IPv4' : 'IPv6';
  site.update(securityGroup('t/g1', [{ direction: 'egress', ethertype, protocol: 'sctp', ports: 2905 }]));
  const before = counted('arrived', 'inet', 'outside');
  const ends = family === 4 ? ends4 : ends6;
  for (const destination of [2904, 2905, 2906]) {
    sendFrames('t-i1', 'eth0', framed(ip(ends, 132, sctpInit({ source: 2_000 + family, destination }))));
  }
  await expect.poll(() => counted('arrived', 'inet', 'outside') - before).toBe(1);
});

test('allowed address pairs pass, prefixes and single ones, each with its MAC address only', async () => {
  const other = '52:54:00:00:00:99';
  const pairs = instanceAt(0);
  if (pairs.kind !== 'Instance') throw new TypeError('not an Instance');
  const allowedAddressPairs = [
    { cidr: '10.9.0.0/24' },
    { cidr: '10.1.0.99/32', mac: other },
    { cidr: '2001:db8:9::/64', mac: other },
  ];
  site.update({ ...pairs, spec: { ...pairs.spec, allowedAddressPairs } });
  const from = (source: string, sourceMac: string): Buffer => {
    const ends = { source, destination: source.includes(':') ? FAR[6] : FAR[4] };
    return framed(ip(ends, 17, datagram(ends, 1_005, 9)), sourceMac);
  };
  const claim = (senderAddress: string, senderMac: string): Buffer =>
    ethernet(
      { source: senderMac, destination: 'ff:ff:ff:ff:ff:ff' },
      'arp',
      arp({ operation: 2, senderMac, senderAddress, targetAddress: '10.1.0.254' }),
    );
  const before = { guard: counted('guard'), arp: counted('guard', 'arp') };
  const frames = [
    from('10.9.0.3', mac),
    from('10.9.0.3', other),
    from('10.1.0.99', other),
    from('10.1.0.99', mac),
    from('2001:db8:9::7', other),
    from('2001:db8:9::7', mac),
  ];
  const claims = [claim('10.9.0.3', mac), claim('10.9.0.3', other), claim('10.1.0.99', other), claim('10.1.0.99', mac)];
  sendFrames('t-i1', 'eth0', ...frames, ...claims);
  await expect.poll(() => counted('guard') - before.guard).toBe(3);
  await expect.poll(() => counted('guard', 'arp') - before.arp).toBe(2);
  const told = [...frames, ...claims].map((frame) => {
    const { steps } = traceFrame(site.model, { instance: 't/i1', direction: 'from', frame: decodeFrame(frame) });
    return steps.find(({ what }) => what === 'source')?.verdict;
  });
  expect(told).toEqual(Array.from({ length: 5 }, () => ['pass', 'drop']).flat());
  site.update(instanceAt(0));
});

describe.each([4, 6] as const)('IPv%i: fragments', (family) => {
  const ends = family === 4 ? ends4 : ends6;
  /** A datagram in two. */
  const inTwo = (id: number, port: number, payload: string): [first: Buffer, rest: Buffer] => {
    const whole = datagram(ends, 1_000 + id, port, payload.padEnd(120, '.'));
    const cut = 64;
    const part = (octets: Buffer, offset: number, more: boolean): Buffer =>
      framed(
        family === 4
          ? ipv4({ ...ends, protocol: 17, fragment: { id, offset, more } }, octets)
          : ipv6({ ...ends, nextHeader: 44 }, Buffer.concat([fragmentHeader(17, { id, offset, more }), octets])),
      );
    return [part(whole.subarray(0, cut), 0, true), part(whole.subarray(cut), cut, false)];
  };
  const arrived = (words: string) => () =>
    site.peer('outside').received.some(({ payload }) => payload.startsWith(`${words} over IPv${family}`));

  test('pass together where their datagram does, in either order, and drop together', async () => {
    site.update(
      securityGroup('t/g1', [
        { direction: 'egress', ethertype: family === 4 ? 'IPv4' : 'IPv6', protocol: 'udp', ports: 443 },
      ]),
    );
    sendFrames('t-i1', 'eth0', ...inTwo(1, 80, `denied over IPv${family}`));
    sendFrames('t-i1', 'eth0', ...inTwo(2, 80, `denied, reversed over IPv${family}`).reverse());
    sendFrames('t-i1', 'eth0', ...inTwo(3, 443, `allowed over IPv${family}`));
    sendFrames('t-i1', 'eth0', ...inTwo(4, 443, `reversed over IPv${family}`).reverse());
    await site.peer('outside').until(arrived('allowed'), 'allowed');
    await site.peer('outside').until(arrived('reversed'), 'reversed');
    expect([arrived('denied')(), arrived('denied, reversed')()]).toEqual([false, false]);
  });

  test('that come without their first never go on', async () => {
    inside('outside', 'route flush cache');
    const before = counted('arrived', 'inet', 'outside');
    const [, rest] = inTwo(5, 443, 'alone');
    sendFrames('t-i1', 'eth0', rest);
    sendFrames('t-i1', 'eth0', framed(ip(ends, 17, datagram(ends, 1_009, 443))));
    await expect.poll(() => counted('arrived', 'inet', 'outside') - before).toBe(1);
  });
});
