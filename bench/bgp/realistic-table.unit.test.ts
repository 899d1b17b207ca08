import { expect, it } from 'vitest';
import { MessageReader } from './message-reader.ts';
import { PrefixBitmap } from './prefix-store.ts';
import { ATTRIBUTE_SETS, HOSTS_WITHIN, PREFIXES_PER_UPDATE, realisticTable } from './realistic-table.ts';

const IDENTITY = { asNumber: 64_902, address: '192.0.2.2' };
const HEADER_OCTETS = 19;

it('has as many different prefixes as it says, also in parts', () => {
  const prefixes = new PrefixBitmap(HOSTS_WITHIN);
  const reader = new MessageReader(prefixes);
  const first = reader.push(Buffer.from(realisticTable(IDENTITY, 0, 20_000)));
  expect(first.updates).toBe(20_000 / PREFIXES_PER_UPDATE);
  expect(prefixes.size).toBe(20_000);
  // The next part cut within a message, and once more what is there already.
  const part = Buffer.from(realisticTable(IDENTITY, 20_000, 1000));
  reader.push(part.subarray(0, 777));
  reader.push(part.subarray(777));
  reader.push(part);
  expect(prefixes.size).toBe(21_000);
});

it('comes with all its sets of attributes in turns', () => {
  const count = ATTRIBUTE_SETS * PREFIXES_PER_UPDATE;
  const octets = Buffer.from(realisticTable(IDENTITY, 0, 2 * count));
  const sets: string[] = [];
  for (let at = 0; at < octets.length; at += octets.readUInt16BE(at + 16)) {
    const length = octets.readUInt16BE(at + HEADER_OCTETS + 2);
    sets.push(octets.toString('hex', at + HEADER_OCTETS + 4, at + HEADER_OCTETS + 4 + length));
  }
  expect(new Set(sets).size).toBe(ATTRIBUTE_SETS);
  expect(sets.slice(0, ATTRIBUTE_SETS)).toEqual(sets.slice(ATTRIBUTE_SETS));
});

it('is taken out again by withdrawals', () => {
  const prefixes = new PrefixBitmap(HOSTS_WITHIN);
  prefixes.add(0x1400_0000, 24);
  prefixes.add(0x0a40_0001, 32);
  const withdrawal = [32, 10, 64, 0, 1, 24, 20, 0, 0];
  const message = [
    ...new Array<number>(16).fill(0xff),
    0,
    23 + withdrawal.length,
    2,
    0,
    withdrawal.length,
    ...withdrawal,
    0,
    0,
  ];
  new MessageReader(prefixes).push(Buffer.from(message));
  expect(prefixes.size).toBe(0);
});
