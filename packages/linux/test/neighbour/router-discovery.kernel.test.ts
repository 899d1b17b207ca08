import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { FabricError } from '@slash32/shared';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Kernel } from '../../src/kernel.ts';
import type { LinkRouter } from '../../src/neighbour/router-discovery.ts';
import { openSandboxKernel } from '../kernel-sandbox.ts';

const run = promisify(execFile);

let kernel: Kernel;
let life: AbortController;

async function sh(script: string): Promise<string> {
  return (await run('sh', ['-c', script])).stdout;
}

/** A link whose far end is in a namespace of its own, which speaks for itself through `ip netns exec`. */
beforeAll(async () => {
  kernel = await openSandboxKernel();
  life = new AbortController();
  await sh(`ip netns add far
    ip link add rd0 type veth peer name rd1 netns far
    echo 0 > /proc/sys/net/ipv6/conf/rd0/accept_dad
    ip netns exec far sysctl -qw net.ipv6.conf.rd1.accept_dad=0
    ip link set rd0 up
    ip -n far link set rd1 up`);
});

afterAll(async () => {
  life.abort();
  await kernel[Symbol.asyncDispose]();
  await sh('ip link del rd0; ip netns del far');
});

/** Router flag of our address in the far end's neighbour table. */
async function farSeesRouter(): Promise<boolean> {
  return /\brouter\b/.test(await sh('ip -n far -6 neigh show dev rd1'));
}

describe('RouterDiscovery', () => {
  it('makes the far end know us as a router, and nobody’s default router', async () => {
    expect(await farSeesRouter()).toBe(false);
    // Again and again, as its users do: link-local addresses are not usable from the first moment on.
    await vi.waitFor(
      async () => {
        kernel.routers.announce('rd0');
        expect(await farSeesRouter()).toBe(true);
      },
      { timeout: 10_000, interval: 200 },
    );
    expect(await sh('ip -n far -6 route show default')).toBe('');
    expect(await sh('ip -6 neigh show dev rd0')).not.toMatch(/\brouter\b/);
  });

  it('tells of routers, those that are known included, until they are gone', async () => {
    const heard: [string, boolean][] = [];
    const listen = (router: LinkRouter, present: boolean) => {
      if (router.device === 'rd0') heard.push([router.address, present]);
    };
    await sh('ip neigh replace fe80::77 lladdr 02:00:00:00:00:77 dev rd0 nud reachable router');
    await kernel.routers.watch(listen, life.signal);
    expect(heard).toContainEqual(['fe80::77', true]);
    await sh('ip neigh replace fe80::78 lladdr 02:00:00:00:00:78 dev rd0 nud reachable router');
    await vi.waitFor(() => expect(heard).toContainEqual(['fe80::78', true]));
    await sh('ip neigh replace fe80::79 lladdr 02:00:00:00:00:79 dev rd0 nud reachable');
    await sh('ip neigh del fe80::78 dev rd0');
    await vi.waitFor(() => expect(heard).toContainEqual(['fe80::78', false]));
    expect(heard.map(([address]) => address)).not.toContain('fe80::79');
  });

  it('says that there is no such interface', () => {
    expect(() => kernel.routers.announce('nosuch')).toThrow(FabricError);
    expect(() => kernel.routers.announce('nosuch')).toThrow('cannot advertise this host on nosuch');
  });
});
