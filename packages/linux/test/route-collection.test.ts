import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RouteCollection } from '../src/route/route-collection.ts';
import { routesEqual } from '../src/route/route-equality.ts';
import { routeKey } from '../src/route/route-key.ts';
import type { KernelRoute } from '../src/route/route-table.ts';

const hop = fc.record(
  {
    gateway: fc.constantFrom('192.0.2.1', '192.0.2.2'),
    device: fc.constantFrom('tap0', 'tap1'),
    weight: fc.constantFrom(1, 2),
  },
  { requiredKeys: [] },
);
const route: fc.Arbitrary<KernelRoute> = fc.record(
  {
    family: fc.constant(4 as const),
    prefix: fc.constantFrom('10.0.0.1/32', '10.0.0.2/32', '10.0.0.0/8'),
    type: fc.constantFrom('unicast', 'local', 'blackhole'),
    protocol: fc.constantFrom(133, 135),
    metric: fc.constantFrom(0, 32),
    scope: fc.constantFrom('link', 'global'),
    source: fc.constantFrom('192.0.2.9', '192.0.2.8'),
    nextHops: fc.array(hop, { maxLength: 2 }),
  },
  { requiredKeys: ['family', 'prefix', 'type', 'protocol', 'nextHops'] },
);
const step = fc.record({ remove: fc.boolean(), route });

describe('RouteCollection', () => {
  it('has what a plain map of routes has, after any changes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const collection = new RouteCollection();
        const model = new Map<string, KernelRoute>();
        for (const { remove, route: changed } of steps) {
          const key = routeKey(changed);
          const before = model.get(key);
          if (remove) {
            model.delete(key);
            collection.delete(changed);
          } else {
            model.set(key, changed);
            expect(collection.set(changed)).toBe(before === undefined || !routesEqual(before, changed));
          }
        }
        const routes = [...collection.routes()];
        expect(routes).toHaveLength(model.size);
        for (const found of routes) {
          const wanted = model.get(routeKey(found));
          expect(wanted !== undefined && routesEqual(found, wanted)).toBe(true);
        }
        for (const wanted of model.values()) {
          const found = collection.get(wanted);
          expect(found !== undefined && routesEqual(found, wanted)).toBe(true);
          expect(collection.hasPrefix(wanted.prefix)).toBe(true);
        }
        const shapes = [...collection.shapes()];
        const sources = (list: readonly Pick<KernelRoute, 'source'>[]) => new Set(list.map(({ source }) => source));
        expect(sources(shapes)).toEqual(sources([...model.values()]));
      }),
    );
  });
});
