import { formatIpAddress, type NftChange, type NftSet } from '@slash32/shared';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kernel } from '../src/index.ts';
import { openSandboxKernel, sh } from './kernel-sandbox.ts';

const TABLE = 'inet slash32';

type Entries = readonly (readonly [string, string])[];
interface SetCase {
  readonly set: Omit<NftSet, 'elements'>;
  readonly entries: Entries;
}

const octet = fc.integer({ min: 0, max: 255 });
const ipv4 = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
const ipv6 = fc
  .oneof(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), fc.bigInt({ min: 0n, max: (1n << 34n) - 1n }))
  .map((value) => formatIpAddress({ family: 6, value }));
const mac = fc
  .array(octet, { minLength: 6, maxLength: 6 })
  .map((octets) => octets.map((value) => value.toString(16).padStart(2, '0')).join(':'));
const ifname = fc.stringMatching(/^[a-z][a-zA-Z0-9_.-]{0,14}$/).map((name) => `"${name}"`);
const port = fc.integer({ min: 0, max: 65_535 }).map(String);
const protocol = octet.map(String);
const mark = fc.integer({ min: 0, max: 0xffff_ffff }).map(String);
const verdict = fc.constantFrom('accept', 'drop', 'return', 'continue', 'goto target', 'jump target');

const KEYS = new Map<string, fc.Arbitrary<string>>([
  ['ipv4_addr', ipv4],
  ['ipv6_addr', ipv6],
  ['ether_addr', mac],
  ['ifname', ifname],
  ['inet_service', port],
  ['inet_proto', protocol],
  ['mark', mark],
  ['icmp_type', protocol],
  ['icmpv6_type', protocol],
  ['verdict', verdict],
]);

function value(type: string): fc.Arbitrary<string> {
  const parts = type.split(' . ').map((part) => KEYS.get(part) ?? fc.constant(''));
  return fc.tuple(...parts).map((texts) => texts.join(' . '));
}

function hashed(type: string, dataType?: string): fc.Arbitrary<SetCase> {
  const set = { name: 'tested', type, interval: false, ...(dataType === undefined ? {} : { dataType }) };
  const data = dataType === undefined ? fc.constant('') : value(dataType);
  const entry = fc.tuple(value(type), data);
  return fc
    .uniqueArray(entry, { minLength: 1, maxLength: 40, selector: ([key]) => key })
    .map((entries) => ({ set, entries }));
}

/** `a`, `a/len` or `a-b`: the canonical spelling of an interval. */
function interval(first: bigint, last: bigint, family: 4 | 6): string {
  const write = (address: bigint) => formatIpAddress({ family, value: address });
  if (first === last) return write(first);
  const size = last - first + 1n;
  const hostBits = size.toString(2).length - 1;
  const aligned = size === 1n << BigInt(hostBits) && first % size === 0n;
  return aligned ? `${write(first)}/${(family === 4 ? 32 : 128) - hostBits}` : `${write(first)}-${write(last)}`;
}

/** Intervals that do not overlap: cut points in order, taken in pairs; neighbours may touch. Some are made to be prefixes. */
function intervals(family: 4 | 6): fc.Arbitrary<readonly string[]> {
  const bits = family === 4 ? 32n : 128n;
  const point = fc.tuple(fc.bigInt({ min: 0n, max: (1n << bits) - 1n }), fc.integer({ min: 0, max: 24 }));
  return fc.array(point, { minLength: 1, maxLength: 20 }).map((points) => {
    const spans = points
      .map(([at, hostBits]) => {
        const size = 1n << BigInt(hostBits);
        const first = (at / size) * size;
        return hostBits % 3 === 0
          ? { first, last: first + size - 1n }
          : { first, last: first + (size > 2n ? size - 2n : 0n) };
      })
      .toSorted((left, right) => (left.first < right.first ? -1 : 1));
    const kept: { first: bigint; last: bigint }[] = [];
    for (const span of spans) {
      if (span.first > (kept.at(-1)?.last ?? -1n)) kept.push(span);
    }
    return kept.map(({ first, last }) => interval(first, last, family));
  });
}

function ranged(family: 4 | 6): fc.Arbitrary<SetCase> {
  const set = { name: 'tested', type: `ipv${family}_addr`, interval: true };
  return intervals(family).map((keys) => ({ set, entries: keys.map((key) => [key, '']) }));
}

/** Port ranges that are apart, each with an address interval. */
function concatenated(family: 4 | 6): fc.Arbitrary<SetCase> {
  const set = { name: 'tested', type: `inet_service . ipv${family}_addr`, interval: true };
  const width = fc.integer({ min: 0, max: 900 });
  return fc.tuple(intervals(family), fc.array(width, { minLength: 20, maxLength: 20 })).map(([addresses, widths]) => ({
    set,
    entries: addresses.map((address, at) => {
      const first = at * 1_000;
      const extra = widths[at] ?? 0;
      return [`${extra === 0 ? first : `${first}-${first + extra}`} . ${address}`, ''];
    }),
  }));
}

const cases = fc.oneof(
  hashed('ifname . ether_addr . ipv4_addr'),
  hashed('ifname . ether_addr . ipv6_addr'),
  hashed('ifname . ipv4_addr'),
  hashed('inet_service . ipv6_addr'),
  hashed('inet_proto . inet_service'),
  hashed('icmp_type'),
  hashed('icmpv6_type'),
  hashed('mark'),
  hashed('ifname'),
  hashed('ifname', 'verdict'),
  hashed('ipv4_addr', 'ipv4_addr'),
  hashed('ipv6_addr', 'mark'),
  hashed('ipv4_addr . inet_service', 'ipv4_addr . inet_service'),
  ranged(4),
  ranged(6),
  concatenated(4),
  concatenated(6),
);

/** Property: what is written in nft-model's spelling is read back in it. */
export function elementsSuite(): void {
  describe('elements', () => {
    let kernel: Kernel;
    beforeAll(async () => {
      kernel = await openSandboxKernel();
    });
    afterAll(async () => {
      await kernel[Symbol.asyncDispose]();
      sh('nft flush ruleset');
    });

    test('canonical elements come back from the kernel as they were written', { timeout: 60_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(cases, async ({ set, entries }) => {
          const setUp: NftChange[] = [
            { op: 'add-table', table: TABLE },
            { op: 'add-chain', table: TABLE, chain: { name: 'target' } },
            { op: 'add-set', table: TABLE, set },
          ];
          await kernel.nft.apply(setUp);
          try {
            await kernel.nft.apply([{ op: 'add-elements', table: TABLE, set: set.name, elements: new Map(entries) }]);
            const listed = (await kernel.nft.list([TABLE])).get(TABLE)?.sets.get(set.name);
            expect(new Map([...(listed?.elements ?? [])].toSorted())).toEqual(
              new Map([...entries].toSorted() as Entries),
            );
            const keys = entries.map(([key]) => key);
            await kernel.nft.apply([{ op: 'delete-elements', table: TABLE, set: set.name, keys }]);
            expect((await kernel.nft.list([TABLE])).get(TABLE)?.sets.get(set.name)?.elements.size).toBe(0);
          } finally {
            await kernel.nft.apply([{ op: 'delete-table', table: TABLE }]);
          }
        }),
        { numRuns: 150 },
      );
    });
  });
}
