import type { BgpFamily } from '@slash32/shared';
import {
  type BgpMessage,
  type CodecContext,
  type DecodedUpdate,
  type DecodeResult,
  decodeMessage,
  decodeUpdate,
  initialContext,
  MessageFramer,
  type NlriBlock,
  prefixKeyToText,
} from '../../src/codec/index.ts';

/** Hexadecimal, white space ignored. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
}

export function toHex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}

export const BOTH_FAMILIES: ReadonlySet<BgpFamily> = new Set<BgpFamily>(['ipv4-unicast', 'ipv6-unicast']);
export const NO_FAMILIES: ReadonlySet<BgpFamily> = new Set();

/** An eBGP session with 4-octet AS numbers and both families, but for `changes`. */
export function sessionContext(changes: Partial<CodecContext> = {}): CodecContext {
  return { ...initialContext('ebgp'), fourOctetAs: true, families: BOTH_FAMILIES, ...changes };
}

/** A message around `body`. */
export function message(type: number, body: Uint8Array): Uint8Array {
  const length = 19 + body.length;
  return Uint8Array.of(...new Array<number>(16).fill(0xff), length >>> 8, length & 0xff, type, ...body);
}

/** An UPDATE of its three fields, each in hexadecimal. */
export function update(fields: { withdrawn?: string; attributes?: string; nlri?: string }): Uint8Array {
  const withdrawn = hex(fields.withdrawn ?? '');
  const attributes = hex(fields.attributes ?? '');
  const nlri = hex(fields.nlri ?? '');
  return message(
    2,
    Uint8Array.of(
      withdrawn.length >>> 8,
      withdrawn.length & 0xff,
      ...withdrawn,
      attributes.length >>> 8,
      attributes.length & 0xff,
      ...attributes,
      ...nlri,
    ),
  );
}

export function readUpdate(
  fields: Parameters<typeof update>[0],
  context: CodecContext = sessionContext(),
): DecodedUpdate {
  return decodeUpdate(update(fields), context);
}

/** Frames and decodes the first message of `octets`; `undefined` if it is not whole. */
export function decodeFirst(octets: Uint8Array, context: CodecContext): DecodeResult<BgpMessage> | undefined {
  const framer = new MessageFramer();
  framer.extendedMessages = context.extendedMessages;
  framer.push(octets);
  const frame = framer.next();
  if (frame === undefined || !frame.ok) return frame;
  return decodeMessage(frame.value, context);
}

export function prefixTexts(blocks: readonly NlriBlock[]): string[] {
  return blocks.flatMap(({ prefixes }) => prefixes.map(prefixKeyToText));
}

/** ORIGIN IGP, AS_PATH 65001, NEXT_HOP 10.0.0.2: what a plain route has. */
export const PLAIN = '40010100 40020602010000fde9 4003040a000002';
