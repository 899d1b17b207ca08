import type { NftChange } from '@slash32/shared';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kernel } from '../src/index.ts';
import { openSandboxKernel, sh } from './kernel-sandbox.ts';
import { medianMs, report } from './measuring.ts';

const TABLE = 'inet slash32';
const ENDPOINTS = 2_000;
const ROUNDS = 101;

/** Limits are far above what an idle machine needs, so that they fail for a lost design and not for a busy neighbour. */
const LIMIT_MS = { smallTransaction: 10 };

function source(at: number): string {
  const [high, low] = [at >> 8, at & 0xff];
  const hex = (octet: number) => octet.toString(16).padStart(2, '0');
  return `"tap${at}" . 52:54:00:00:${hex(high)}:${hex(low)} . 10.0.${high}.${low}`;
}

function add(keys: readonly string[]): NftChange {
  return { op: 'add-elements', table: TABLE, set: 'sources', elements: new Map(keys.map((key) => [key, ''])) };
}

/** Measures, prints, and fails where a design that makes things fast has been lost. */
export function nftLatencySuite(): void {
  describe('latency of nft', () => {
    let kernel: Kernel;

    beforeAll(async () => {
      kernel = await openSandboxKernel();
      await kernel.nft.apply([
        { op: 'add-table', table: TABLE },
        {
          op: 'add-set',
          table: TABLE,
          set: { name: 'sources', type: 'ifname . ether_addr . ipv4_addr', interval: false },
        },
      ]);
    });
    afterAll(async () => {
      await kernel[Symbol.asyncDispose]();
      sh('nft flush ruleset');
    });

    test('a small nft transaction takes well under 2 ms, whatever the set holds', async () => {
      const extra = (round: number) => [source(ENDPOINTS + round)];
      const remove = (round: number): NftChange[] => [
        { op: 'delete-elements', table: TABLE, set: 'sources', keys: extra(round) },
      ];
      const empty = await medianMs(ROUNDS, (round) => kernel.nft.apply([add(extra(round))]));
      const emptied = await medianMs(ROUNDS, (round) => kernel.nft.apply(remove(round)));
      const fill = await medianMs(1, () =>
        kernel.nft.apply([add(Array.from({ length: ENDPOINTS }, (_, at) => source(at)))]),
      );
      const full = await medianMs(ROUNDS, (round) => kernel.nft.apply([add(extra(round))]));
      const deleted = await medianMs(ROUNDS, (round) => kernel.nft.apply(remove(round)));
      report('add one element, empty set', empty);
      report('delete one element, empty set', emptied);
      report(`add ${ENDPOINTS} elements at once`, fill);
      report(`add one element, ${ENDPOINTS} present`, full);
      report(`delete one element, ${ENDPOINTS} present`, deleted);
      for (const ms of [empty, emptied, full, deleted]) expect(ms).toBeLessThan(LIMIT_MS.smallTransaction);
      expect(sh('nft -j list set inet slash32 sources')).toContain('10.0.7.207');
    });
  });
}
