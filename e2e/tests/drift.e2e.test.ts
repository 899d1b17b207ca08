import { beforeAll, describe, expect, test } from 'vitest';
import { PluggedInstance } from '../harness/plugged-instance.ts';
import type { Prober } from '../harness/prober.ts';
import { waitFor } from '../harness/wait-for.ts';
import { INTERNET_IPV4, PORTS, useEmptyFabric } from './lab-fixture.ts';

/** A hand at the kernel behind the agent's back is undone within a second. */
const REPAIR_WITHIN_MS = 1_000;

const GROUP = `
apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata: { name: outbound }
spec:
  rules:
    - { direction: egress, ethertype: IPv4 }
`;

describe('what somebody changes in the kernel by hand', () => {
  const empty = useEmptyFabric();
  const HOST = 'compute-a1';
  let instance: PluggedInstance;
  let prober: Prober;

  beforeAll(async () => {
    const { fabric } = empty();
    await fabric.apply({ text: GROUP });
    instance = await PluggedInstance.start(fabric, {
      name: 'victim',
      host: HOST,
      network: 'public',
      mac: '52:54:00:00:05:01',
      ipv4: '203.0.113.51',
      securityGroups: ['outbound'],
    });
    prober = await instance.prober(PORTS);
    await waitFor(
      () => prober.probe({ transport: 'udp', address: INTERNET_IPV4, port: 53 }, 500),
      ({ reached }) => reached,
      { what: 'the instance reaches the internet' },
    );
  });

  const host = (command: string): Promise<string> =>
    empty()
      .fabric.lab.node(HOST)
      .exec(command)
      .then(({ stdout }) => stdout);

  /** After the command `hand`, what `look` prints is whole again within a second, and the repair is counted. */
  async function expectRepair(hand: string, look: string, whole: (seen: string) => boolean): Promise<void> {
    const { fabric } = empty();
    expect(whole(await host(look)), 'whole before').toBe(true);
    const before = (await fabric.agentStatus(HOST)).driftRepairs;
    await host(hand);
    const started = performance.now();
    await waitFor(() => host(look), whole, { what: `repair after ${hand}` });
    expect(performance.now() - started).toBeLessThan(REPAIR_WITHIN_MS);
    await waitFor(
      () => fabric.agentStatus(HOST),
      ({ driftRepairs }) => driftRepairs > before,
      { what: 'the repair is counted' },
    );
  }

  test('a deleted route is back, here and at the routers', async () => {
    await expectRepair('ip route del 203.0.113.51/32', 'ip route show 203.0.113.51', (seen) =>
      seen.includes(`dev ${instance.tap} proto 133`),
    );
    await waitFor(
      async () => (await empty().fabric.lab.node('tor-b').exec(['ip', 'route', 'show', '203.0.113.51'])).stdout,
      (routes) => routes !== '',
      { what: 'tor-b has the route' },
    );
  });

  test('a flushed set and a deleted table are back', async () => {
    const table = 'nft -s list table inet slash32 2>/dev/null || true';
    const before = await host(table);
    const whole = (seen: string): boolean => withoutGeneration(seen) === withoutGeneration(before);
    await expectRepair('nft flush set inet slash32 sources4', table, whole);
    await expectRepair('nft delete table inet slash32', table, whole);
  });

  test('a deleted neighbour entry is back', async () => {
    await expectRepair(
      `ip neigh del 203.0.113.51 dev ${instance.tap}`,
      `ip neigh show 203.0.113.51 dev ${instance.tap}`,
      (seen) => seen.includes('PERMANENT'),
    );
  });

  test('and afterwards everything is as before: what may pass passes, the rest does not', async () => {
    const target = { transport: 'udp', address: INTERNET_IPV4, port: 53 } as const;
    expect(await prober.probe(target, 1_000)).toEqual({ reached: true, seenSource: '203.0.113.51' });
    const inbound = { ...target, address: '203.0.113.51' };
    expect(await empty().internet.probe(inbound, 300)).toEqual({ reached: false });
    const { findings, nft } = await empty().fabric.agentStatus(HOST);
    expect({ findings, failures: nft.failures }).toEqual({ findings: [], failures: 0 });
  });
});

/** A repair may begin a new policy generation, and sets list their elements in no order. */
function withoutGeneration(table: string): string {
  return table
    .replace(/0x[0-9a-f]{8}/g, 'MARK')
    .replace(/generation \d+/g, 'generation N')
    .replace(/ #[0-9a-f]{10}/g, '')
    .split('\n')
    .map((line) => line.trim())
    .toSorted()
    .join('\n');
}
