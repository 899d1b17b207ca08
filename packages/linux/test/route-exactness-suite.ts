import type { AddressFamily } from '@slash32/shared';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type Kernel,
  type KernelNextHop,
  type KernelRoute,
  type RouteChange,
  routeFingerprint,
  routeKey,
} from '../src/index.ts';
import { openSandboxKernel, sh } from './kernel-sandbox.ts';

const PROTOCOL = 133;

const GATEWAYS: Record<AddressFamily, readonly KernelNextHop[]> = {
  4: [
    { gateway: '192.0.2.8', device: 'tap1' },
    { gateway: '192.0.2.9', device: 'tap1' },
    { gateway: '198.51.100.9', device: 'tap2' },
    { gateway: 'fe80::9', device: 'tap2' },
  ],
  6: [
    { gateway: '2001:db8:a::8', device: 'tap1' },
    { gateway: '2001:db8:a::9', device: 'tap1' },
    { gateway: '2001:db8:b::9', device: 'tap2' },
    { gateway: 'fe80::9', device: 'tap2' },
  ],
};
const PREFIXES: Record<AddressFamily, readonly string[]> = {
  4: ['10.0.0.0/8', '10.0.0.1/32', '0.0.0.0/0'],
  6: ['2001:db8:1::/48', '2001:db8:1::1/128', '::/0'],
};

const anyRoute = fc.constantFrom<AddressFamily>(4, 6).chain((family): fc.Arbitrary<KernelRoute> => {
  const onLink = fc.constantFrom('tap1', 'tap2').map((device): KernelNextHop[] => [{ device }]);
  const through = fc
    .subarray([...GATEWAYS[family]], { minLength: 1 })
    .chain((hops) =>
      fc
        .array(fc.integer({ min: 1, max: 256 }), { minLength: hops.length, maxLength: hops.length })
        .map((weights) => hops.map((hop, at) => ({ ...hop, weight: weights[at] ?? 1 }))),
    );
  const base = fc.record({
    family: fc.constant(family),
    prefix: fc.constantFrom(...PREFIXES[family]),
    protocol: fc.constant(PROTOCOL),
    metric: fc.constantFrom(50, 2_000),
  });
  const leading = fc.oneof(onLink, through).map((nextHops) => ({ type: 'unicast', nextHops }) as const);
  const ending = fc.constantFrom('blackhole', 'unreachable').map((type) => ({ type, nextHops: [] }));
  return fc
    .tuple(base, fc.oneof({ arbitrary: leading, weight: 5 }, ending))
    .map(([common, rest]) => ({ ...common, ...rest }));
});

const anyChange = fc.oneof(
  { arbitrary: anyRoute.map((route): RouteChange => ({ op: 'replace', route })), weight: 4 },
  anyRoute.map((route): RouteChange => ({ op: 'delete', route })),
);

/** Whatever comes after whatever: the kernel has the routes of the last changes, and the watch has told of them. */
export function routeExactnessSuite(): void {
  describe('exactness of routes', () => {
    let kernel: Kernel;

    beforeAll(async () => {
      kernel = await openSandboxKernel();
      for (const name of ['tap1', 'tap2']) {
        sh(`ip link add ${name} type veth peer name p${name}; ip link set p${name} up; ip link set ${name} up`);
      }
      sh('ip addr add 192.0.2.1/24 dev tap1; ip addr add 198.51.100.1/24 dev tap2');
      sh('ip addr add 2001:db8:a::1/64 dev tap1 nodad; ip addr add 2001:db8:b::1/64 dev tap2 nodad');
    });
    afterAll(async () => {
      await kernel[Symbol.asyncDispose]();
      sh('ip link del tap1; ip link del tap2');
    });

    const fingerprints = (routes: Iterable<KernelRoute>) => [...routes].map(routeFingerprint).toSorted();

    test('random changes, in batches', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(anyChange, { maxLength: 4 }), { minLength: 1, maxLength: 8 }),
          async (batches) => {
            const controller = new AbortController();
            const wanted = new Map<string, KernelRoute>();
            const told = new Map<string, KernelRoute>();
            await kernel.routes.watch(
              { protocol: PROTOCOL },
              {
                onEvents(events) {
                  for (const { type, route } of events) {
                    if (type === 'added') told.set(routeKey(route), route);
                    else told.delete(routeKey(route));
                  }
                },
                onOverrun: () => undefined,
              },
              controller.signal,
            );
            try {
              for (const batch of batches) {
                expect(await kernel.routes.apply(batch)).toEqual([]);
                for (const { op, route } of batch) {
                  if (op === 'replace') wanted.set(routeKey(route), route);
                  else wanted.delete(routeKey(route));
                }
                expect(fingerprints(await kernel.routes.list({ protocol: PROTOCOL }))).toEqual(
                  fingerprints(wanted.values()),
                );
              }
              await vi.waitFor(() => expect(fingerprints(told.values())).toEqual(fingerprints(wanted.values())));
            } finally {
              controller.abort();
              const left = await kernel.routes.list({ protocol: PROTOCOL });
              await kernel.routes.apply(left.map((route) => ({ op: 'delete', route })));
            }
          },
        ),
        { numRuns: 150 },
      );
    });
  });
}
