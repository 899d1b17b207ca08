import { describe, expect, it } from 'vitest';
import { parseTraceLine } from '../src/nft/trace-line.ts';

/** As nftables 1.0.6 writes them, on Linux 6.18. */
const PACKET =
  'trace id 4663e754 inet slash32 forward packet: iif "tap2" oif "tap3" ether saddr 52:54:00:00:00:02 ether daddr 7a:66:5b:89:87:17 ip saddr 10.70.0.2 ip daddr 10.70.0.3 ip dscp 0x00 ip ecn 0x0 ip ttl 63 ip id 13234 ip protocol 17 ip length 29 udp sport 38366 udp dport 7 udp length 9 @th,64,8 0x31 ';
const PACKET6 =
  'trace id c734c2ad inet slash32 input packet: iif "tap2" ether saddr 52:54:00:00:00:02 ether daddr 33:33:ff:00:00:01 ip6 saddr 2001:db8:70::2 ip6 daddr ff02::1:ff00:1 ip6 dscp 0x00 ip6 ecn 0x0 ip6 hoplimit 255 ip6 flowlabel 0 ip6 nexthdr 58 ip6 length 32 icmpv6 type 135 icmpv6 code 0 icmpv6 parameter-problem 0 @th,64,96 0xfe8000000000000000000000 ';
const place = (chain: string) => ({ table: 'inet slash32', chain });

describe('parseTraceLine', () => {
  it('reads a packet’s interfaces and headers', () => {
    expect(parseTraceLine(PACKET)).toEqual({
      id: '4663e754',
      ...place('forward'),
      type: 'packet',
      packet: {
        in: 'tap2',
        out: 'tap3',
        source: '10.70.0.2',
        destination: '10.70.0.3',
        protocol: 17,
        sourcePort: 38_366,
        destinationPort: 7,
        length: 29,
      },
    });
    expect(parseTraceLine(PACKET6)).toEqual({
      id: 'c734c2ad',
      ...place('input'),
      type: 'packet',
      packet: {
        in: 'tap2',
        source: '2001:db8:70::2',
        destination: 'ff02::1:ff00:1',
        protocol: 58,
        icmpType: 135,
        icmpCode: 0,
        length: 32,
      },
    });
  });

  it('reads rules, with and without a comment, and policies', () => {
    const rule =
      'trace id a1 inet slash32 ingress/default/web rule meta l4proto 1 goto destination-passes comment "default/web ingress IPv4: icmp (any) #3094b11339" (verdict goto destination-passes)';
    expect(parseTraceLine(rule)).toEqual({
      id: 'a1',
      ...place('ingress/default/web'),
      type: 'rule',
      text: 'meta l4proto 1 goto destination-passes',
      comment: 'default/web ingress IPv4: icmp (any) #3094b11339',
      verdict: 'goto destination-passes',
    });
    expect(parseTraceLine('trace id a1 ip filter FORWARD rule ip saddr 10.0.0.0/8 drop (verdict drop)')).toEqual({
      id: 'a1',
      table: 'ip filter',
      chain: 'FORWARD',
      type: 'rule',
      text: 'ip saddr 10.0.0.0/8 drop',
      verdict: 'drop',
    });
    const bare = parseTraceLine(
      'trace id a1 inet slash32 to-host rule drop comment "the host is closed #d9" (verdict drop)',
    );
    expect(bare).toMatchObject({ text: 'drop', comment: 'the host is closed #d9', verdict: 'drop' });
    expect(parseTraceLine('trace id a1 inet slash32 forward policy accept ')).toEqual({
      id: 'a1',
      ...place('forward'),
      type: 'policy',
      verdict: 'accept',
    });
  });

  it('has nothing for other lines', () => {
    for (const line of [
      '',
      '# ERROR: netlink: No buffer space available',
      'trace id a1 inet slash32 web return',
      'x',
    ]) {
      expect(parseTraceLine(line)).toBeUndefined();
    }
  });
});
