import type { BgpFamily } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { describeMessage } from '../../src/capture/message-fields.ts';
import {
  encodeEndOfRib,
  encodeKeepalive,
  encodeNotification,
  encodeOpen,
  encodeRouteRefresh,
  packUpdates,
  packWithdrawals,
  prefixKeyFromText,
  shutdownNotification,
} from '../../src/codec/index.ts';
import { PLAIN, sessionContext, update } from '../codec/message-fixtures.ts';

const CONTEXT = sessionContext();

/** `NAME: VALUE, VALUE` per field. */
function lines(octets: Uint8Array, context = CONTEXT, direction: 'sent' | 'received' = 'received'): readonly string[] {
  const { name, fields } = describeMessage(octets, context, direction);
  return [name, ...fields.map((field) => `${field.name}: ${field.values.join(', ')}`)];
}

describe('describeMessage', () => {
  it('shows an OPEN with its capabilities', () => {
    const open = encodeOpen({
      version: 4,
      myAs: 23_456,
      holdTimeSeconds: 90,
      routerId: '192.0.2.1',
      capabilities: [{ kind: 'four-octet-as', asNumber: 4_200_000_001 }, { kind: 'route-refresh' }],
    });
    expect(lines(open)).toEqual([
      'OPEN',
      'AS: 4200000001',
      'Hold time: 90 s',
      'BGP Identifier: 192.0.2.1',
      'Capabilities: four-octet-as 4200000001, route-refresh',
    ]);
  });

  it('shows an UPDATE: withdrawn, attributes, next hop, reachable', () => {
    expect(lines(update({ withdrawn: '18 c63364', attributes: PLAIN, nlri: '20 cb00710a 00' }))).toEqual([
      'UPDATE',
      'Withdrawn ipv4-unicast: 198.51.100.0/24',
      'ORIGIN: igp',
      'AS_PATH: 65001',
      'NEXT_HOP: 10.0.0.2',
      'Reachable ipv4-unicast: 203.0.113.10/32, 0.0.0.0/0',
    ]);
  });

  it('shows what is wrong with an UPDATE, and what was done about it', () => {
    const withoutNextHop = update({ attributes: '40010100 40020602010000fde9', nlri: '00' });
    expect(lines(withoutNextHop)).toEqual([
      'UPDATE',
      'Withdrawn ipv4-unicast: 0.0.0.0/0',
      'Error: NEXT_HOP is missing: treat-as-withdraw',
    ]);
  });

  it('reads Path Identifiers by the direction of the message', () => {
    const send = sessionContext({ addPathSend: new Set<BgpFamily>(['ipv4-unicast']) });
    const prefixes = [prefixKeyFromText('203.0.113.10')];
    const withdrawal = [...packWithdrawals({ family: 'ipv4-unicast', prefixes, pathIds: [7] }, send)];
    expect(withdrawal.map((octets) => lines(octets, send, 'sent'))).toEqual([
      ['UPDATE', 'Withdrawn ipv4-unicast: 203.0.113.10/32 path 7'],
    ]);
  });

  it('shows IPv6 routes with both next hops, and End-of-RIB', () => {
    const nextHop = { address: '2001:db8::1', linkLocal: 'fe80::1' };
    const prefixes = [prefixKeyFromText('2001:db8:1::/48')];
    const updates = packUpdates({ family: 'ipv6-unicast', prefixes, nextHop }, { origin: 'igp', asPath: [] }, CONTEXT);
    expect([...updates].map((octets) => lines(octets))).toEqual([
      [
        'UPDATE',
        'ORIGIN: igp',
        'AS_PATH: ',
        'NEXT_HOP: 2001:db8::1 fe80::1',
        'Reachable ipv6-unicast: 2001:db8:1::/48',
      ],
    ]);
    expect(lines(encodeEndOfRib('ipv6-unicast'))).toEqual(['UPDATE', 'End-of-RIB: ipv6-unicast']);
  });

  it('shows the others', () => {
    expect(lines(encodeKeepalive())).toEqual(['KEEPALIVE']);
    expect(lines(encodeRouteRefresh({ afi: 2, safi: 1, subtype: 'request' }))).toEqual([
      'ROUTE-REFRESH',
      'Family: ipv6-unicast',
      'Subtype: request',
    ]);
    expect(lines(encodeNotification(shutdownNotification(2, 'new\nkernel')))).toEqual([
      'NOTIFICATION',
      'Error: Cease/Administrative Shutdown (6/2): "new\ufffdkernel"',
    ]);
  });
});
