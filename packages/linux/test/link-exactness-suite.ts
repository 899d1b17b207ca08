import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Kernel, NetworkInterface } from '../src/index.ts';
import { openSandboxKernel, sh } from './kernel-sandbox.ts';

const NAMES = ['tap1', 'tap2', 'tap3'];

const anyName = fc.constantFrom(...NAMES);
/** Lines of `ip -batch`; those that make no sense at their turn fail and change nothing. */
const anyLine = fc.oneof(
  { arbitrary: anyName.map((name) => `link add ${name} type veth peer name p${name}`), weight: 3 },
  anyName.map((name) => `link del ${name}`),
  fc.tuple(anyName, anyName).map(([from, to]) => `link set ${from} name ${to}`),
  fc.tuple(anyName, fc.constantFrom('up', 'down')).map(([name, state]) => `link set ${name} ${state}`),
  anyName.map((name) => `link set p${name} up`),
  fc.tuple(anyName, fc.integer({ min: 1_280, max: 9_000 })).map(([name, mtu]) => `link set ${name} mtu ${mtu}`),
  fc
    .tuple(anyName, fc.integer({ min: 16, max: 99 }))
    .map(([name, octet]) => `link set ${name} address 52:54:00:00:00:${octet}`),
);

/** Whatever taps do: the watch has told what the listing says. */
export function linkExactnessSuite(): void {
  describe('exactness of interfaces', () => {
    let kernel: Kernel;

    beforeAll(async () => {
      kernel = await openSandboxKernel();
    });
    afterAll(async () => {
      await kernel[Symbol.asyncDispose]();
    });

    test('random changes by another program', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyLine, { minLength: 1, maxLength: 20 }), async (lines) => {
          const controller = new AbortController();
          const links = new Map<string, NetworkInterface>();
          await kernel.interfaces.watch((events) => {
            for (const event of events) {
              if (event.type === 'present') links.set(event.link.name, event.link);
              else if (links.get(event.name)?.index === event.index) links.delete(event.name);
            }
          }, controller.signal);
          try {
            sh(`printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} | ip -force -batch - 2>/dev/null || true`);
            await vi.waitFor(async () => {
              const listed = await kernel.interfaces.list();
              expect(new Map(listed.map((link) => [link.name, link]))).toEqual(links);
            });
          } finally {
            controller.abort();
            sh(`for name in ${NAMES.join(' ')}; do ip link del $name 2>/dev/null || true; done`);
          }
        }),
        { numRuns: 25 },
      );
    });
  });
}
