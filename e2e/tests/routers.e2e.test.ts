import { beforeAll, describe, expect, test } from 'vitest';
import { PluggedInstance } from '../harness/plugged-instance.ts';
import type { Prober } from '../harness/prober.ts';
import { waitFor } from '../harness/wait-for.ts';
import { INTERNET_IPV4, INTERNET_IPV6, OPEN_GROUP, PORTS, useEmptyFabric } from './lab-fixture.ts';

const INSTANCE_PREFIXES = /^(203\.0\.113|10\.70|10\.80)\.|^2001:db8:(113|70|80):/;

/** What BIRD and FRR have in their tables, both families, and what real packets do with it. */
describe('routes to instances at the routers', () => {
  const empty = useEmptyFabric();
  let pub: PluggedInstance;
  let prober: Prober;

  beforeAll(async () => {
    const { fabric } = empty();
    await fabric.apply({ text: OPEN_GROUP });
    pub = await PluggedInstance.start(fabric, {
      name: 'dual',
      host: 'compute-b1',
      network: 'public',
      mac: '52:54:00:00:04:01',
      ipv4: '203.0.113.41',
      ipv6: '2001:db8:113::41',
      securityGroups: ['open'],
    });
    prober = await pub.prober(PORTS);
  });

  /** Prefixes of instances in a router's kernel, with the number of next hops of each. */
  async function instanceRoutes(router: string): Promise<Readonly<Record<string, number>>> {
    const routes: Record<string, number> = {};
    for (const family of ['-4', '-6']) {
      const { stdout } = await empty().fabric.lab.node(router).exec(['ip', '-j', family, 'route', 'show']);
      for (const route of JSON.parse(stdout) as { dst: string; nexthops?: unknown[] }[]) {
        if (INSTANCE_PREFIXES.test(route.dst)) routes[route.dst] = route.nexthops?.length ?? 1;
      }
    }
    return routes;
  }

  function awaitRoutes(router: string, wanted: Readonly<Record<string, number>>): Promise<unknown> {
    return waitFor(
      () => instanceRoutes(router),
      (routes) => JSON.stringify(sorted(routes)) === JSON.stringify(sorted(wanted)),
      { what: `${router} has exactly ${JSON.stringify(wanted)}` },
    );
  }

  test('are exactly the /32 and /128 of instances that are up, by both uplinks where there are two', async () => {
    await awaitRoutes('tor-a', { '203.0.113.41': 1, '2001:db8:113::41': 1 });
    await awaitRoutes('tor-b', { '203.0.113.41': 1, '2001:db8:113::41': 1 });
    await awaitRoutes('w', { '203.0.113.41': 2, '2001:db8:113::41': 2 });
  });

  test('lead both families’ packets there and back', async () => {
    for (const address of [INTERNET_IPV4, INTERNET_IPV6]) {
      const out = await prober.probe({ transport: 'tcp', address, port: 443 }, 2_000);
      const own = address.includes(':') ? '2001:db8:113::41' : '203.0.113.41';
      expect(out).toEqual({ reached: true, seenSource: own });
      const back = await empty().internet.probe(
        { transport: 'tcp', address: own, port: 443, localAddress: address },
        2_000,
      );
      expect(back).toEqual({ reached: true, seenSource: address });
    }
  });

  test('appear and vanish with their instance', async () => {
    const { fabric } = empty();
    const guest = await PluggedInstance.start(fabric, {
      name: 'guest',
      host: 'compute-a2',
      network: 'private',
      mac: '52:54:00:00:04:02',
      ipv4: '10.80.4.2',
      ipv6: '2001:db8:80::42',
      securityGroups: ['open'],
    });
    const both = { '203.0.113.41': 1, '2001:db8:113::41': 1, '10.80.4.2': 1, '2001:db8:80::42': 1 };
    await awaitRoutes('tor-a', both);
    await awaitRoutes('tor-b', both);

    const host = fabric.lab.node('compute-a2');
    await host.exec(['ip', 'link', 'set', guest.tap, 'down']);
    const down = await fabric.awaitEndpoint('compute-a2', guest.key, 'waiting-for-interface');
    expect(down?.reason).toContain('taken down');
    await awaitRoutes('tor-b', { '203.0.113.41': 1, '2001:db8:113::41': 1 });
    await host.exec(['ip', 'link', 'set', guest.tap, 'up']);
    await awaitRoutes('tor-b', both);

    await fabric.fabricctl(['delete', 'instance', 'guest']);
    await awaitRoutes('tor-a', { '203.0.113.41': 1, '2001:db8:113::41': 1 });
    await awaitRoutes('tor-b', { '203.0.113.41': 1, '2001:db8:113::41': 1 });
    await fabric.lab.remove('guest');
  });

  test('vanish when the tap does, and come back with it', async () => {
    const { fabric } = empty();
    const options = {
      name: 'flap',
      host: 'compute-a1',
      network: 'public',
      mac: '52:54:00:00:04:03',
      ipv4: '203.0.113.43',
      securityGroups: ['open'],
    };
    await PluggedInstance.start(fabric, options);
    await awaitRoutes('tor-b', { '203.0.113.41': 1, '2001:db8:113::41': 1, '203.0.113.43': 1 });
    await fabric.lab.remove('flap');
    await fabric.awaitEndpoint('compute-a1', 'default/flap', 'waiting-for-interface');
    await awaitRoutes('tor-b', { '203.0.113.41': 1, '2001:db8:113::41': 1 });
    await (await PluggedInstance.plug(fabric, options)).awaitAddress();
    await awaitRoutes('tor-b', { '203.0.113.41': 1, '2001:db8:113::41': 1, '203.0.113.43': 1 });
  });

  test('survive a router’s restart: its sessions come back and traffic with them', async () => {
    const { fabric } = empty();
    const tor = fabric.lab.node('tor-a');
    await tor.kill('bird', 'SIGKILL');
    await tor.startProcess('bird');
    await fabric.awaitSessions();
    await waitFor(
      () => prober.probe({ transport: 'tcp', address: INTERNET_IPV4, port: 443 }, 500),
      ({ reached }) => reached,
      { what: 'the instance reaches the internet' },
    );
    await awaitRoutes('w', { '203.0.113.41': 2, '2001:db8:113::41': 2, '203.0.113.43': 1 });
  });

  test('IPv6 is closed without a rule for it', async () => {
    const { fabric, internet } = empty();
    const onlyV4 = `
apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata: { name: only-v4 }
spec:
  rules:
    - { direction: egress, ethertype: IPv4 }
    - { direction: ingress, ethertype: IPv4 }
`;
    await fabric.apply({ text: onlyV4 });
    await fabric.apply({ text: pub.manifest({ securityGroups: ['only-v4'] }) });
    const v6 = { transport: 'tcp', port: 443 } as const;
    await waitFor(
      () => prober.probe({ ...v6, address: INTERNET_IPV6 }, 300),
      ({ reached }) => !reached,
      { what: 'IPv6 is closed' },
    );
    expect(await internet.probe({ ...v6, address: '2001:db8:113::41' }, 300)).toEqual({ reached: false });
    expect(await prober.probe({ ...v6, address: INTERNET_IPV4 }, 1_000)).toMatchObject({ reached: true });
  });
});

function sorted(routes: Readonly<Record<string, number>>): readonly (readonly [string, number])[] {
  return Object.entries(routes).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
