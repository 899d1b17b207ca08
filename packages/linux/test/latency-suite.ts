import { type NftChange, SystemClock, sleep } from '@slash32/shared';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kernel, KernelRoute } from '../src/index.ts';
import { openSandboxKernel, sh } from './kernel-sandbox.ts';

const TABLE = 'inet slash32';
const ENDPOINTS = 2_000;
const ROUTES = 100_000;
const ROUNDS = 101;
const IDLE_ROUNDS = 31;
const IDLE_MS = 40;

/** Limits are far above what an idle machine needs, so that they fail for a lost design and not for a busy neighbour. */
const LIMIT_MS = { smallTransaction: 10, oneRoute: 30, manyRoutes: 10_000 };

/** `idleMs`: how long to leave the machine alone before each round, so that what is prepared ahead is ready. */
async function medianMs(rounds: number, work: (round: number) => Promise<unknown>, idleMs = 0): Promise<number> {
  const samples: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    if (idleMs > 0) await sleep(new SystemClock(), idleMs);
    const startMs = performance.now();
    await work(round);
    samples.push(performance.now() - startMs);
  }
  return samples.toSorted((left, right) => left - right)[Math.floor(rounds / 2)] ?? Number.NaN;
}

function report(what: string, ms: number): void {
  process.stderr.write(`latency: ${what}: ${ms.toFixed(2)} ms\n`);
}

function source(at: number): string {
  const [high, low] = [at >> 8, at & 0xff];
  const hex = (octet: number) => octet.toString(16).padStart(2, '0');
  return `"tap${at}" . 52:54:00:00:${hex(high)}:${hex(low)} . 10.0.${high}.${low}`;
}

function add(keys: readonly string[]): NftChange {
  return { op: 'add-elements', table: TABLE, set: 'sources', elements: new Map(keys.map((key) => [key, ''])) };
}

function route(at: number): KernelRoute {
  const prefix = `10.${at >> 16}.${(at >> 8) & 0xff}.${at & 0xff}/32`;
  return { family: 4, prefix, type: 'unicast', protocol: 133, scope: 'link', nextHops: [{ device: 'tap1' }] };
}

/** Measures, prints, and fails where a design that makes things fast has been lost. */
export function latencySuite(): void {
  describe('latency', () => {
    let kernel: Kernel;

    beforeAll(async () => {
      kernel = await openSandboxKernel();
      sh('ip link add tap1 type veth peer name ptap1; ip link set tap1 up; ip link set ptap1 up');
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
      sh('ip link del tap1; nft flush ruleset');
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

    test('one route takes a few milliseconds, and so do its neighbour and its event', async () => {
      const one = await medianMs(
        IDLE_ROUNDS,
        (at) => kernel.routes.apply([{ op: 'replace', route: route(at) }]),
        IDLE_MS,
      );
      const burst = await medianMs(ROUNDS, (at) => kernel.routes.apply([{ op: 'replace', route: route(at) }]));
      const controller = new AbortController();
      let heard = (): void => undefined;
      const listener = { onEvents: () => heard(), onOverrun: () => undefined };
      await kernel.routes.watch({ protocol: 133 }, listener, controller.signal);
      const deleteAndHear = async (at: number) => {
        const event = new Promise<void>((resolve) => {
          heard = resolve;
        });
        await kernel.routes.apply([{ op: 'delete', route: route(at) }]);
        await event;
      };
      const event = await medianMs(IDLE_ROUNDS, deleteAndHear, IDLE_MS);
      controller.abort();
      const replaceNeighbour = (at: number) => {
        const neighbour = { device: 'tap1', address: `10.0.0.${at + 1}`, mac: '52:54:00:00:00:01' };
        return kernel.neighbours.apply([{ op: 'replace', neighbour }]);
      };
      const neighbour = await medianMs(IDLE_ROUNDS, replaceNeighbour, IDLE_MS);
      report('replace one route', one);
      report('replace one route, back to back', burst);
      report('delete one route, until its event', event);
      report('replace one neighbour', neighbour);
      for (const ms of [one, burst, event, neighbour]) expect(ms).toBeLessThan(LIMIT_MS.oneRoute);
    });

    test(`${ROUTES} routes take about a second`, async () => {
      const changes = Array.from({ length: ROUTES }, (_, at) => ({ op: 'replace', route: route(at) }) as const);
      const added = await medianMs(1, async () => expect(await kernel.routes.apply(changes)).toEqual([]));
      let listed = 0;
      const listing = await medianMs(1, async () => {
        listed = (await kernel.routes.list({ protocol: 133 })).length;
      });
      report(`replace ${ROUTES} routes`, added);
      report(`list ${ROUTES} routes`, listing);
      expect(listed).toBe(ROUTES);
      expect(added).toBeLessThan(LIMIT_MS.manyRoutes);
    });
  });
}
