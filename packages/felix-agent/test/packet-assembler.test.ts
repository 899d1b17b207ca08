import { parseTraceLine } from '@slash32/linux';
import { FakeClock, type TracedPacket } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { PacketAssembler } from '../src/trace/packet-assembler.ts';
import { FROM_HOST, PING, PING6, PONG, REFUSED_UDP, SPOOFED, SYN } from './recorded-packet-traces.ts';

describe('PacketAssembler', () => {
  let clock: FakeClock;
  let packets: TracedPacket[];
  let assembler: PacketAssembler;
  const tell = (text: string): void => {
    assembler.add(text.split('\n').flatMap((line) => parseTraceLine(line) ?? []));
  };

  beforeEach(() => {
    clock = new FakeClock();
    packets = [];
    assembler = new PacketAssembler(clock, (packet) => packets.push(packet));
  });

  it('tells which rules of both ends let a packet pass', () => {
    tell(PING);
    expect(packets).toEqual([]); // another table may yet drop it
    clock.advance(100);
    expect(packets).toEqual([
      {
        type: 'packet',
        at: clock.wallMs() - 100,
        in: 'tap2',
        out: 'tap3',
        source: '10.70.0.2',
        destination: '10.70.0.3',
        protocol: 1,
        icmpType: 8,
        icmpCode: 0,
        length: 84,
        verdict: 'pass',
        decided: {
          table: 'inet slash32',
          chain: 'destination-passes',
          rule: expect.stringMatching(/^both ends pass in generation \d+$/),
        },
        policy: [
          { table: 'inet slash32', chain: 'egress/default/open', rule: 'default/open egress IPv4: anything' },
          {
            table: 'inet slash32',
            chain: expect.stringMatching(/^ingress\/several\//),
            rule: 'default/open ingress IPv4: icmp',
          },
        ],
      },
    ]);
  });

  it('tells of a flow that passed before', () => {
    tell(PONG);
    clock.advance(100);
    expect(packets).toMatchObject([
      { in: 'tap3', out: 'tap2', verdict: 'pass', policy: [], decided: { chain: 'forward' } },
    ]);
    expect(packets[0]?.decided?.rule).toMatch(/^both ends passed in generation/);
  });

  it.each([
    ['UDP', REFUSED_UDP, { in: 'tap2', out: 'tap3', protocol: 17, destinationPort: 9 }],
    ['TCP', SYN, { in: 'tap2', out: 'tap3', protocol: 6, destinationPort: 9 }],
    ['IPv6', PING6, { in: 'tap2', out: 'tap3', protocol: 58, icmpType: 128, source: '2001:db8:70::2' }],
  ])('tells at once which rule drops %s', (_name, text, expected) => {
    tell(text);
    expect(packets).toMatchObject([
      { ...expected, verdict: 'drop', decided: { rule: 'no ingress rule of default/open, default/peers' } },
    ]);
    expect(packets[0]?.policy.map(({ rule }) => rule)).toEqual([
      expect.stringMatching(/^default\/open egress IPv[46]: anything$/),
      'no ingress rule of default/open, default/peers',
    ]);
  });

  it('tells of a forged source, which no end’s rules see', () => {
    tell(SPOOFED);
    expect(packets).toMatchObject([
      {
        in: 'tap2',
        source: '10.70.0.222',
        verdict: 'drop',
        policy: [],
        decided: { chain: 'unknown-source4', rule: 'source is not its own, or no endpoint' },
      },
    ]);
    expect(packets[0]).not.toHaveProperty('out');
  });

  it('tells of packets of the host itself', () => {
    tell(FROM_HOST);
    clock.advance(100);
    expect(packets).toMatchObject([{ out: 'tap2', verdict: 'pass', decided: { rule: 'host to an endpoint' } }]);
    expect(packets[0]).not.toHaveProperty('in');
  });

  it('believes another table that drops what ours let pass', () => {
    const id = /trace id (\w+)/.exec(PING)?.[1];
    tell(PING);
    tell(`trace id ${id} ip filter FORWARD policy drop `);
    expect(packets).toMatchObject([{ verdict: 'drop', decided: { table: 'ip filter', chain: 'FORWARD' } }]);
    expect(packets[0]?.decided).not.toHaveProperty('rule');
    clock.advance(2_000);
    expect(packets).toHaveLength(1);
  });

  it('calls a packet lost that comes to no last chain', () => {
    tell(PING.split('\n').slice(0, 8).join('\n'));
    clock.advance(999);
    expect(packets).toEqual([]);
    clock.advance(1);
    expect(packets).toMatchObject([{ in: 'tap2', verdict: 'lost', policy: [] }]);
    expect(packets[0]).not.toHaveProperty('decided');
  });

  it('keeps packets apart that have one id after the other', () => {
    tell(PING);
    tell(PING);
    expect(packets).toHaveLength(1);
    clock.advance(100);
    expect(packets.map(({ verdict }) => verdict)).toEqual(['pass', 'pass']);
  });

  it('leaves out what somebody else traces, and forgets when told to', () => {
    tell(PING.split('\n').slice(4).join('\n'));
    tell(PONG);
    assembler.clear();
    clock.advance(5_000);
    expect(packets).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});
