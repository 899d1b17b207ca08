import { describe, expect, it } from 'vitest';
import {
  type BgpRole,
  type Capability,
  checkOpen,
  decodeOpen,
  encodeOpen,
  formatCapability,
  negotiate,
  type OpenMessage,
  openAsNumber,
} from '../../src/codec/index.ts';
import { hex, message, toHex } from './message-fixtures.ts';

const BASE: OpenMessage = {
  version: 4,
  myAs: 23_456,
  holdTimeSeconds: 90,
  routerId: '192.0.2.1',
  capabilities: [],
};
const HEADER = 'ff'.repeat(16);

function open(...capabilities: Capability[]): OpenMessage {
  return { ...BASE, capabilities };
}

/** Each capability and its octets: code, length, value, written from the RFC that defines it. */
const CAPABILITIES: readonly (readonly [string, Capability, string, string])[] = [
  [
    'RFC 4760',
    { kind: 'multiprotocol', afi: 2, safi: 1, family: 'ipv6-unicast' },
    '0104 0002 00 01',
    'multiprotocol ipv6-unicast',
  ],
  ['RFC 2918', { kind: 'route-refresh' }, '0200', 'route-refresh'],
  [
    'RFC 8950',
    { kind: 'extended-next-hop', families: [{ afi: 1, safi: 1, family: 'ipv4-unicast', nextHopAfi: 2 }] },
    '0506 0001 0001 0002',
    'extended-next-hop ipv4-unicast via AFI 2',
  ],
  ['RFC 8654', { kind: 'extended-message' }, '0600', 'extended-message'],
  ['RFC 9234', { kind: 'role', role: 'customer' }, '0901 03', 'role customer'],
  [
    'RFC 4724 and RFC 8538',
    {
      kind: 'graceful-restart',
      restarting: true,
      notification: true,
      restartTimeSeconds: 120,
      families: [
        { afi: 1, safi: 1, family: 'ipv4-unicast', forwardingPreserved: true },
        { afi: 2, safi: 1, family: 'ipv6-unicast', forwardingPreserved: false },
      ],
    },
    '400a c078 0001 01 80 0002 01 00',
    'graceful-restart 120 s, restarting, notification (ipv4-unicast forwarding, ipv6-unicast)',
  ],
  ['RFC 6793', { kind: 'four-octet-as', asNumber: 4_200_000_001 }, '4104 fa56ea01', 'four-octet-as 4200000001'],
  [
    'RFC 7911',
    { kind: 'add-path', families: [{ afi: 1, safi: 1, family: 'ipv4-unicast', direction: 'both' }] },
    '4504 0001 01 03',
    'add-path ipv4-unicast both',
  ],
  ['RFC 7313', { kind: 'enhanced-route-refresh' }, '4600', 'enhanced-route-refresh'],
  [
    'RFC 9494',
    {
      kind: 'long-lived-graceful-restart',
      families: [{ afi: 1, safi: 1, family: 'ipv4-unicast', forwardingPreserved: true, staleTimeSeconds: 86_400 }],
    },
    '4707 0001 01 80 015180',
    'long-lived-graceful-restart ipv4-unicast 86400 s',
  ],
  [
    'hostname draft',
    { kind: 'hostname', hostname: 'h1', domain: 'a.b' },
    '4907 02 6831 03 612e62',
    'hostname "h1.a.b"',
  ],
  ['version draft', { kind: 'software-version', version: 'x/1' }, '4b04 03 782f31', 'software-version "x/1"'],
  ['unknown', { kind: 'unknown', code: 238, value: hex('0102') }, 'ee02 0102', 'capability 238 0x0102'],
  ['unknown family', { kind: 'multiprotocol', afi: 25, safi: 70 }, '0104 0019 00 46', 'multiprotocol AFI 25 SAFI 70'],
];

describe('OPEN', () => {
  it('has the octets of RFC 4271 section 4.2', () => {
    const octets = hex(`${HEADER} 001d 01 04 5ba0 005a c0000201 00`);
    expect(toHex(encodeOpen(BASE))).toBe(toHex(octets));
    expect(decodeOpen(octets)).toEqual({ ok: true, value: BASE });
  });

  it.each(CAPABILITIES)('capability of %s', (_rfc, capability, text, shown) => {
    const value = hex(text);
    const octets = message(
      1,
      hex(
        `04 5ba0 005a c0000201 ${(value.length + 2).toString(16).padStart(2, '0')} 02 ${value.length.toString(16).padStart(2, '0')} ${text}`,
      ),
    );
    expect(toHex(encodeOpen(open(capability)))).toBe(toHex(octets));
    expect(decodeOpen(octets)).toEqual({ ok: true, value: open(capability) });
    expect(formatCapability(capability)).toBe(shown);
  });

  it('carries over 255 octets of capabilities in the extended encoding (RFC 9072)', () => {
    const long = open(
      ...Array.from({ length: 100 }, (_, asNumber): Capability => ({ kind: 'four-octet-as', asNumber: asNumber + 1 })),
    );
    const octets = encodeOpen(long);
    expect(toHex(octets.subarray(28, 35))).toBe(`ffff025b02${(600).toString(16).padStart(4, '0')}`);
    expect(decodeOpen(octets)).toEqual({ ok: true, value: long });
  });

  it('changes to the extended encoding where one octet of length ends', () => {
    const filler = (length: number): Capability => ({ kind: 'unknown', code: 200, value: new Uint8Array(length) });
    for (const [length, head] of [
      [251, 'ff02fd'],
      [252, 'ffff0101'],
    ] as const) {
      const octets = encodeOpen(open(filler(length)));
      expect(toHex(octets.subarray(28)).startsWith(head)).toBe(true);
      expect(decodeOpen(octets)).toEqual({ ok: true, value: open(filler(length)) });
    }
  });

  it('ignores reserved bits of the restart flags', () => {
    const result = decodeOpen(message(1, hex('04 5ba0 005a c0000201 06 02 04 4002 3078')));
    expect(result.ok && result.value.capabilities).toMatchObject([
      { restarting: false, notification: false, restartTimeSeconds: 120 },
    ]);
  });

  it('reads the extended encoding for few capabilities as well, whatever non-zero length stands in front', () => {
    const octets = message(1, hex('04 5ba0 005a c0000201 07 ff 0005 02 0002 0200'));
    expect(decodeOpen(octets)).toEqual({ ok: true, value: open({ kind: 'route-refresh' }) });
  });

  it.each([
    ['restart time of one octet', '4001 78'],
    ['multiprotocol of three octets', '0103 000101'],
    ['route refresh with a value', '0201 00'],
    ['role 9', '0901 09'],
    ['hostname that ends early', '4902 0561'],
    ['software version that is no UTF-8', '4b02 01ff'],
    ['LLGR of six octets', '4706 000101800151'],
  ])('keeps a malformed capability as unknown: %s', (_name, text) => {
    const value = hex(text);
    const octets = message(1, Uint8Array.of(...hex('045ba0005ac0000201'), value.length + 2, 2, value.length, ...value));
    const result = decodeOpen(octets);
    expect(result.ok && result.value.capabilities).toEqual([
      { kind: 'unknown', code: value[0], value: value.slice(2) },
    ]);
  });

  it.each([
    ['extended length cut off', '04 5ba0 005a c0000201 ff ff 00', 0],
    ['extended length beyond the message', '04 5ba0 005a c0000201 ff ff 0009 02 0002 0200', 0],
    ['parameter head cut off', '04 5ba0 005a c0000201 01 02', 0],
    ['capability beyond its parameter', '04 5ba0 005a c0000201 04 02 02 0204', 0],
    ['capability head cut off', '04 5ba0 005a c0000201 03 02 01 41', 0],
  ])('refuses %s', (_name, body, subcode) => {
    expect(decodeOpen(message(1, hex(body)))).toMatchObject({ ok: false, notification: { code: 2, subcode } });
  });

  it('cannot be made with values that do not fit', () => {
    expect(() => encodeOpen(open({ kind: 'software-version', version: 'x'.repeat(255) }))).toThrow(/at most 255/);
    expect(() => encodeOpen({ ...BASE, routerId: '2001:db8::1' })).toThrow(/dotted quad/);
    expect(() =>
      encodeOpen(
        open({
          kind: 'graceful-restart',
          restarting: false,
          notification: false,
          restartTimeSeconds: 4096,
          families: [],
        }),
      ),
    ).toThrow(/0–4095/);
    const many = Array.from({ length: 700 }, (): Capability => ({ kind: 'four-octet-as', asNumber: 1 }));
    expect(() => encodeOpen(open(...many))).toThrow(/exceeds 4096/);
  });
});

describe('checkOpen', () => {
  const expectation = {
    acceptsAs: (asNumber: number) => asNumber === 65_001,
    expectedAs: '65001',
    localRouterId: '192.0.2.9',
    peerType: 'ebgp',
  } as const;
  const good = open({ kind: 'four-octet-as', asNumber: 65_001 });

  it('takes the AS number of the capability', () => {
    expect(openAsNumber(good)).toBe(65_001);
    expect(openAsNumber({ ...BASE, myAs: 7 })).toBe(7);
    expect(checkOpen(good, expectation).ok).toBe(true);
    expect(checkOpen(good, { ...expectation, acceptsAs: () => false, expectedAs: '65002' })).toMatchObject({
      notification: { code: 2, subcode: 2 },
    });
  });

  it('refuses our own BGP Identifier within the AS only (RFC 6286)', () => {
    const same = { ...good, routerId: expectation.localRouterId };
    expect(checkOpen(same, expectation).ok).toBe(true);
    expect(checkOpen(same, { ...expectation, peerType: 'ibgp' })).toMatchObject({
      notification: { code: 2, subcode: 3 },
    });
  });

  const role = (name: BgpRole): Capability => ({ kind: 'role', role: name });

  it.each([
    ['provider', ['customer'], true],
    ['customer', ['provider'], true],
    ['peer', ['peer'], true],
    ['route-server', ['route-server-client'], true],
    ['route-server-client', ['route-server'], true],
    ['provider', ['provider'], false],
    ['peer', ['peer', 'provider'], false],
    ['peer', ['peer', 'peer'], true],
    ['peer', [], true],
  ] as const)('as %s with a peer of roles %j: %s', (localRole, theirs, ok) => {
    const theirOpen = { ...good, capabilities: [...good.capabilities, ...theirs.map(role)] };
    const result = checkOpen(theirOpen, { ...expectation, localRole });
    expect(result.ok).toBe(ok);
    if (!result.ok) expect(result.notification).toMatchObject({ code: 2, subcode: 11 });
  });

  it('in strict mode requires a role (RFC 9234 4.2)', () => {
    expect(checkOpen(good, { ...expectation, localRole: 'peer', strictRole: true })).toMatchObject({
      notification: { code: 2, subcode: 11 },
    });
  });
});

describe('negotiate', () => {
  const v4: Capability = { kind: 'multiprotocol', afi: 1, safi: 1, family: 'ipv4-unicast' };
  const v6: Capability = { kind: 'multiprotocol', afi: 2, safi: 1, family: 'ipv6-unicast' };

  it('takes what both sides offer', () => {
    const local = open(v4, v6, { kind: 'extended-message' }, { kind: 'four-octet-as', asNumber: 1 });
    const remote = open(v6, { kind: 'extended-message' });
    const context = negotiate(local, remote, 'ibgp');
    expect(context).toMatchObject({ peerType: 'ibgp', fourOctetAs: false, extendedMessages: true });
    expect([...context.families]).toEqual(['ipv6-unicast']);
  });

  it('takes IPv4 unicast for a peer without multiprotocol capability', () => {
    expect([...negotiate(open(v4, v6), open(), 'ebgp').families]).toEqual(['ipv4-unicast']);
    expect([...negotiate(open(v6), open(), 'ebgp').families]).toEqual([]);
  });

  it('takes the last of a repeated capability (RFC 4724 section 3)', () => {
    const twice = open({ kind: 'four-octet-as', asNumber: 1 }, { kind: 'four-octet-as', asNumber: 2 });
    expect(openAsNumber(twice)).toBe(2);
  });

  it('pairs the directions of ADD-PATH', () => {
    const addPath = (direction: 'send' | 'receive' | 'both'): Capability => ({
      kind: 'add-path',
      families: [{ afi: 1, safi: 1, family: 'ipv4-unicast', direction }],
    });
    const both = negotiate(open(v4, addPath('receive')), open(v4, addPath('both')), 'ebgp');
    expect([...both.addPathReceive]).toEqual(['ipv4-unicast']);
    expect([...both.addPathSend]).toEqual([]);
    const none = negotiate(open(v4, addPath('receive')), open(v4, addPath('receive')), 'ebgp');
    expect([...none.addPathReceive, ...none.addPathSend]).toEqual([]);
  });

  it('allows IPv6 next hops of IPv4 routes if both sides do', () => {
    const extended: Capability = {
      kind: 'extended-next-hop',
      families: [{ afi: 1, safi: 1, family: 'ipv4-unicast', nextHopAfi: 2 }],
    };
    expect([...negotiate(open(v4, extended), open(v4, extended), 'ebgp').extendedNextHop]).toEqual(['ipv4-unicast']);
    expect([...negotiate(open(v4, extended), open(v4), 'ebgp').extendedNextHop]).toEqual([]);
  });
});
