import { addressOctets, type Identity, uint16, uint32, updateMessage } from './wire-messages.ts';

/** First octet of the /32s of the table. */
export const HOSTS_WITHIN = 10;
/** 20.0.0.0: first of the /24s. */
const FIRST_NETWORK = 0x1400_0000;
/** 10.64.0.0: first of the /32s. */
const FIRST_HOST = 0x0a40_0000;
/** Different sets of path attributes, and how many prefixes in a row have the same. */
export const ATTRIBUTE_SETS = 500;
export const PREFIXES_PER_UPDATE = 100;

/**
 * UPDATEs with prefixes `first` to `first + count − 1` of a table as a data centre's edge may have it: of ten prefixes six
 * are /24 and four /32; 500 sets of path attributes (AS_PATHs of two to five ASes, some with MED, with one to four
 * communities) that come in turns, a hundred prefixes each, so a speaker that groups by attributes finds something to do.
 * `first` and `count` are multiples of 100.
 */
export function realisticTable(identity: Identity, first: number, count: number): Uint8Array {
  const messages: Uint8Array[] = [];
  for (let at = first; at < first + count; at += PREFIXES_PER_UPDATE) {
    const nlri: number[] = [];
    for (let index = at; index < at + PREFIXES_PER_UPDATE; index += 1) nlri.push(...prefixOctets(index));
    messages.push(updateMessage(attributeOctets(identity, (at / PREFIXES_PER_UPDATE) % ATTRIBUTE_SETS), nlri));
  }
  return Buffer.concat(messages);
}

function prefixOctets(index: number): number[] {
  const [tens, digit] = [Math.floor(index / 10), index % 10];
  if (digit < 4) return [32, ...uint32(FIRST_HOST + tens * 4 + digit)];
  return [24, ...uint32(FIRST_NETWORK + (tens * 6 + digit - 4) * 256).slice(0, 3)];
}

function attributeOctets({ asNumber, address }: Identity, set: number): number[] {
  const path = [asNumber, ...Array.from({ length: 1 + (set % 4) }, (_, hop) => 4_200_000_000 + set + hop * 1000)];
  const communities = Array.from({ length: 1 + (set % 3) }, (_, index) => (64_900 << 16) + set + index * 1000);
  return [
    ...[0x40, 1, 1, set % 7 === 0 ? 2 : 0], // ORIGIN
    ...[0x40, 2, 2 + 4 * path.length, 2, path.length, ...path.flatMap(uint32)], // AS_PATH
    ...[0x40, 3, 4, ...addressOctets(address)], // NEXT_HOP
    ...(set % 5 === 0 ? [0x80, 4, 4, ...uint32(set)] : []), // MULTI_EXIT_DISC
    ...[0xc0, 8, ...uint16(4 * communities.length).slice(1), ...communities.flatMap((value) => uint32(value))],
  ];
}
