import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeKeepalive, encodeNotification, MessageFramer } from '../../src/codec/index.ts';
import { hex, message, toHex, update } from './message-fixtures.ts';

const KEEPALIVE = `${'ff'.repeat(16)}001304`;

function framesOf(framer: MessageFramer): string[] {
  const frames: string[] = [];
  for (let frame = framer.next(); frame?.ok === true; frame = framer.next()) frames.push(toHex(frame.value.octets));
  return frames;
}

describe('MessageFramer', () => {
  it('cuts the same messages wherever the stream is cut', () => {
    const messages = [
      update({ nlri: '200a000001' }),
      encodeKeepalive(),
      encodeNotification({ code: 6, subcode: 2, data: hex('00') }),
      update({}),
    ];
    const stream = Buffer.concat(messages);
    const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(cuts, (lengths) => {
        const framer = new MessageFramer();
        const frames: string[] = [];
        let at = 0;
        for (let turn = 0; at < stream.length; turn += 1) {
          const end = at + (lengths[turn % lengths.length] ?? 1);
          framer.push(stream.subarray(at, end));
          at = end;
          frames.push(...framesOf(framer));
        }
        expect(frames).toEqual(messages.map(toHex));
        expect(framer.pendingOctets).toBe(0);
      }),
    );
  });

  it('copies nothing that lies within one chunk', () => {
    const chunk = hex(KEEPALIVE + KEEPALIVE);
    const framer = new MessageFramer();
    framer.push(chunk);
    const frame = framer.next();
    expect(frame?.ok === true && frame.value.octets.buffer === chunk.buffer).toBe(true);
  });

  it('keeps what it gave out although more octets come', () => {
    const framer = new MessageFramer();
    const stream = hex(KEEPALIVE + KEEPALIVE);
    framer.push(stream.subarray(0, 5));
    framer.push(stream.subarray(5, 25));
    const first = framer.next();
    framer.push(stream.subarray(25));
    framer.push(hex('00'));
    expect(first?.ok === true && toHex(first.value.octets)).toBe(KEEPALIVE);
    expect(framesOf(framer)).toEqual([KEEPALIVE]);
  });

  it('sees a broken marker before the message is whole, and stays failed', () => {
    const framer = new MessageFramer();
    framer.push(hex('ffff00'));
    const failure = framer.next();
    expect(failure).toMatchObject({ ok: false, notification: { code: 1, subcode: 1 } });
    framer.push(hex(KEEPALIVE));
    expect(framer.next()).toBe(failure);
  });

  it('allows 65,535 octets only where RFC 8654 does', () => {
    const long = (type: number) => message(type, new Uint8Array(5000));
    const read = (octets: Uint8Array, extendedMessages: boolean) => {
      const framer = new MessageFramer();
      framer.extendedMessages = extendedMessages;
      framer.push(octets);
      return framer.next();
    };
    expect(read(long(2), true)).toMatchObject({ ok: true });
    expect(read(long(3), true)).toMatchObject({ ok: true });
    expect(read(long(2), false)).toMatchObject({ ok: false, notification: { code: 1, subcode: 2, data: hex('139b') } });
    expect(read(long(1), true)).toMatchObject({ ok: false, notification: { code: 1, subcode: 2, data: hex('139b') } });
    expect(read(long(4), true)).toMatchObject({ ok: false, notification: { code: 1, subcode: 2 } });
  });

  it('sends a ROUTE-REFRESH of wrong length back whole (RFC 7313 section 5)', () => {
    const framer = new MessageFramer();
    const octets = message(5, hex('0001000100'));
    framer.push(octets);
    expect(framer.next()).toMatchObject({ ok: false, notification: { code: 7, subcode: 1, data: octets } });
  });
});
