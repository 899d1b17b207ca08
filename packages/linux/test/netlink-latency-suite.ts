import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Kernel, KernelRoute, NeighbourChange, RouteChange } from '../src/index.ts';
import { openSandboxKernel, sh } from './kernel-sandbox.ts';
import { longestPauseMs, medianMs, report } from './measuring.ts';

const ROUTES = 100_000;
const TAPS = 1_000;
const ROUNDS = 101;
const IDLE_ROUNDS = 31;
const IDLE_MS = 10;

/** Limits are far above what an idle machine needs, so that they fail for a lost design and not for a busy neighbour. */
const LIMIT_MS = { one: 30, manyRoutes: 10_000, pause: 1_500, start: 10_000 };

function prefixOf(at: number): string {
  return `10.${at >> 16}.${(at >> 8) & 0xff}.${at & 0xff}/32`;
}

function replace(at: number, device = 'tap1'): RouteChange {
  const route: KernelRoute = {
    family: 4,
    prefix: prefixOf(at),
    type: 'unicast',
    protocol: 133,
    scope: 'link',
    nextHops: [{ device }],
  };
  return { op: 'replace', route };
}

function neighbour(at: number, device = 'tap1'): NeighbourChange {
  const address = prefixOf(at + 1).replace('/32', '');
  return { op: 'replace', neighbour: { device, address, mac: '52:54:00:00:00:01' } };
}

/** Measures, prints, and fails where a design that makes things fast has been lost. */
export function netlinkLatencySuite(): void {
  describe('latency of netlink', () => {
    let kernel: Kernel;

    beforeAll(async () => {
      kernel = await openSandboxKernel();
      // As on a host: without an address on an early interface, Linux looks through all of them for each new route.
      sh('ip link add uplink0 type veth peer name puplink0; ip addr add 192.0.2.1/24 dev uplink0');
      sh('ip link set uplink0 up; ip link set puplink0 up');
      sh('ip link add tap1 type veth peer name ptap1; ip link set tap1 up; ip link set ptap1 up');
    });
    afterAll(async () => {
      await kernel[Symbol.asyncDispose]();
      sh('ip link del tap1; ip link del uplink0');
    });

    const oneRoute = () => medianMs(IDLE_ROUNDS, (at) => kernel.routes.apply([replace(at)]), IDLE_MS);
    const oneNeighbour = () => medianMs(IDLE_ROUNDS, (at) => kernel.neighbours.apply([neighbour(at)]), IDLE_MS);

    test('one route, its neighbour, and its event take less than a millisecond', async () => {
      const route = await oneRoute();
      const burst = await medianMs(ROUNDS, (at) => kernel.routes.apply([replace(at)]));
      const controller = new AbortController();
      let heard = (): void => undefined;
      const listener = { onEvents: () => heard(), onOverrun: () => undefined };
      await kernel.routes.watch({ protocol: 133 }, listener, controller.signal);
      const event = await medianMs(
        IDLE_ROUNDS,
        async (at) => {
          const { promise, resolve } = Promise.withResolvers<void>();
          heard = resolve;
          await kernel.routes.apply([{ op: 'delete', route: replace(at).route }]);
          await promise;
        },
        IDLE_MS,
      );
      controller.abort();
      const entry = await oneNeighbour();
      report('replace one route', route);
      report('replace one route, back to back', burst);
      report('delete one route, until its event', event);
      report('replace one neighbour', entry);
      for (const ms of [route, burst, event, entry]) expect(ms).toBeLessThan(LIMIT_MS.one);
    });

    test(`${2 * TAPS} other interfaces make no difference, and ${TAPS} taps start in a moment`, async () => {
      const names = Array.from({ length: TAPS }, (_, at) => `other${at}`);
      sh(
        `for name in ${names.join(' ')}; do echo link add $name group 5 type veth peer name p$name; done | ip -batch -`,
      );
      const entry = await oneNeighbour();
      const route = await oneRoute();
      report(`replace one route beside ${2 * TAPS} interfaces`, route);
      report(`replace one neighbour beside ${2 * TAPS} interfaces`, entry);
      for (const ms of [route, entry]) expect(ms).toBeLessThan(LIMIT_MS.one);
      const start = await medianMs(1, async () => {
        const links = await kernel.interfaces.list();
        expect(links.filter(({ name }) => name.startsWith('other'))).toHaveLength(TAPS);
        await Promise.all(names.map((name) => kernel.links.setUp(name)));
        expect(await kernel.routes.apply(names.map((name, at) => replace(at, name)))).toEqual([]);
        expect(await kernel.neighbours.apply(names.map((name, at) => neighbour(at, name)))).toEqual([]);
      });
      report(`list, bring up ${TAPS} taps, add their routes and neighbours`, start);
      expect(start).toBeLessThan(LIMIT_MS.start);
      sh('ip link del group 5');
    });

    test(`${ROUTES} routes take half a second, and nobody waits for them`, async () => {
      const changes = Array.from({ length: ROUTES }, (_, at) => replace(at));
      const controller = new AbortController();
      let heard = 0;
      const listener = {
        onEvents: (events: readonly unknown[]) => {
          heard += events.length;
        },
        onOverrun: () => undefined,
      };
      let pause = 0;
      const added = await medianMs(1, async () => {
        pause = await longestPauseMs(async () => expect(await kernel.routes.apply(changes)).toEqual([]));
      });
      let listed = 0;
      let listingPause = 0;
      const listing = await medianMs(1, async () => {
        listingPause = await longestPauseMs(async () => {
          listed = (await kernel.routes.list({ protocol: 133 })).length;
        });
      });
      await kernel.routes.watch({ protocol: 133 }, listener, controller.signal);
      const deleted = await medianMs(1, () =>
        kernel.routes.apply(changes.map(({ route }) => ({ op: 'delete', route }))),
      );
      report(`replace ${ROUTES} routes`, added);
      report(`longest pause of the event loop meanwhile`, pause);
      report(`list ${ROUTES} routes`, listing);
      report(`longest pause of the event loop meanwhile`, listingPause);
      report(`delete ${ROUTES} routes, watched`, deleted);
      expect(listed).toBe(ROUTES);
      await expect.poll(() => heard, { timeout: 10_000 }).toBe(ROUTES);
      controller.abort();
      for (const ms of [added, listing, deleted]) expect(ms).toBeLessThan(LIMIT_MS.manyRoutes);
      for (const ms of [pause, listingPause]) expect(ms).toBeLessThan(LIMIT_MS.pause);
    });
  });
}
