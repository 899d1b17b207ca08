import { describe, expect, it } from 'vitest';
import {
  CEASE,
  encodeNotification,
  encodeRouteRefresh,
  formatNotification,
  hardResetReason,
  shutdownCommunication,
  shutdownNotification,
} from '../../src/codec/index.ts';
import { decodeFirst, hex, sessionContext, toHex } from './message-fixtures.ts';

const CONTEXT = sessionContext();

describe('NOTIFICATION', () => {
  it('has the octets of RFC 4271 section 4.5', () => {
    const notification = { code: 3, subcode: 2, data: hex('4063') };
    const octets = encodeNotification(notification);
    expect(toHex(octets)).toBe(`${'ff'.repeat(16)}00170303024063`);
    expect(decodeFirst(octets, CONTEXT)).toEqual({ ok: true, value: { type: 'notification', notification } });
  });

  it('cuts data that does not fit', () => {
    const long = { code: 3, subcode: 1, data: new Uint8Array(5000) };
    expect(encodeNotification(long)).toHaveLength(4096);
    expect(encodeNotification(long, sessionContext({ extendedMessages: true }))).toHaveLength(5021);
  });
});

describe('shutdown communication (RFC 9003)', () => {
  it('goes along with a Cease', () => {
    const notification = shutdownNotification(CEASE.administrativeShutdown, 'maintenance');
    expect(toHex(notification.data)).toBe('0b6d61696e74656e616e6365');
    expect(shutdownCommunication(notification)).toBe('maintenance');
    expect(shutdownNotification(CEASE.administrativeReset, '').data).toHaveLength(0);
  });

  it('is cut at a character, not within one', () => {
    const { data } = shutdownNotification(CEASE.administrativeReset, 'ü'.repeat(200));
    expect(data[0]).toBe(254);
    expect(data).toHaveLength(255);
  });

  it.each([
    ['no UTF-8', '04fffefdfc'],
    ['a length beyond the data', 'f0616263'],
    ['no text', '00'],
    ['nothing', ''],
  ])('is not there with %s', (_name, data) => {
    expect(shutdownCommunication({ code: 6, subcode: 2, data: hex(data) })).toBeUndefined();
  });

  it('is not looked for in other errors', () => {
    expect(shutdownCommunication({ code: 6, subcode: 1, data: hex('0161') })).toBeUndefined();
    expect(shutdownCommunication({ code: 3, subcode: 2, data: hex('0161') })).toBeUndefined();
  });

  it('loses its control characters before anyone logs it', () => {
    expect(shutdownCommunication(shutdownNotification(2, 'a\u001b[31m\nb'))).toBe('a�[31m�b');
  });
});

describe('formatNotification', () => {
  it.each([
    [6, 2, '0568656c6c6f', 'Cease/Administrative Shutdown (6/2): "hello"'],
    [6, 9, '0604', 'Cease/Hard Reset (6/9): Cease/Administrative Reset (6/4)'],
    [6, 9, '0609060906', 'Cease/Hard Reset (6/9): 0x0609060906'],
    [6, 10, '', 'Cease/BFD Down (6/10)'],
    [5, 3, '', 'Finite State Machine Error/Unexpected Message in Established (5/3)'],
    [4, 0, '', 'Hold Timer Expired (4/0)'],
    [8, 0, '', 'Send Hold Timer Expired (8/0)'],
    [1, 2, '1001', 'Message Header Error/Bad Message Length (1/2): 0x1001'],
    [99, 99, '', 'Unknown Error (99/99)'],
    [3, 1, '00'.repeat(40), `UPDATE Message Error/Malformed Attribute List (3/1): 0x${'00'.repeat(32)}…`],
  ])('%i/%i %s', (code, subcode, data, text) => {
    expect(formatNotification({ code, subcode, data: hex(data) })).toBe(text);
  });
});

describe('hardResetReason (RFC 8538)', () => {
  it('is the NOTIFICATION within', () => {
    expect(hardResetReason({ code: 6, subcode: 9, data: hex('060401') })).toEqual({
      code: 6,
      subcode: 4,
      data: hex('01'),
    });
    expect(hardResetReason({ code: 6, subcode: 9, data: hex('06') })).toBeUndefined();
    expect(hardResetReason({ code: 6, subcode: 4, data: hex('0604') })).toBeUndefined();
  });
});

describe('ROUTE-REFRESH', () => {
  it.each([
    ['request', '00020001'],
    ['begin', '00020101'],
    ['end', '00020201'],
  ] as const)('%s has the octets of RFC 7313 section 3.2', (subtype, body) => {
    const routeRefresh = { afi: 2, safi: 1, family: 'ipv6-unicast', subtype } as const;
    const octets = encodeRouteRefresh(routeRefresh);
    expect(toHex(octets)).toBe(`${'ff'.repeat(16)}001705${body}`);
    expect(decodeFirst(octets, CONTEXT)).toEqual({ ok: true, value: { type: 'route-refresh', routeRefresh } });
  });

  it('has no subtype that nobody may send', () => {
    expect(() => encodeRouteRefresh({ afi: 1, safi: 1, subtype: 'other' })).toThrow(/cannot be sent/);
  });
});
