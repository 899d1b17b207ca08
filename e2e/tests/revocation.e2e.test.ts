import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PluggedInstance } from '../harness/plugged-instance.ts';
import type { Flow, Prober } from '../harness/prober.ts';
import { waitFor } from '../harness/wait-for.ts';
import { INTERNET_IPV4, PORTS, useEmptyFabric } from './lab-fixture.ts';

/** How soon a flow that a changed rule no longer permits must be cut. */
const CUT_WITHIN_MS = 2_000;

function group(name: string, rules: readonly string[]): string {
  const list = rules.map((rule) => `    - { ${rule} }`).join('\n');
  return `
apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata: { name: ${name} }
spec:
  rules:
${list === '' ? '    []' : list}
`;
}

const EGRESS = 'direction: egress, ethertype: IPv4';
const UDP_FROM_CLIENT = 'direction: ingress, ethertype: IPv4, protocol: udp, remote: { group: client }';
const TCP_FROM_CLIENT = 'direction: ingress, ethertype: IPv4, protocol: tcp, remote: { group: client }';

describe('a flow that a changed rule no longer permits', () => {
  const empty = useEmptyFabric();
  let client: PluggedInstance;
  let server: PluggedInstance;
  let clientProber: Prober;

  beforeAll(async () => {
    const { fabric } = empty();
    await applyGroups();
    [client, server] = await Promise.all([
      PluggedInstance.start(fabric, {
        name: 'client',
        host: 'compute-a1',
        network: 'default-v4-nat',
        mac: '52:54:00:00:02:01',
        ipv4: '10.70.1.1',
        securityGroups: ['client'],
      }),
      PluggedInstance.start(fabric, {
        name: 'server',
        host: 'compute-b1',
        network: 'default-v4-nat',
        mac: '52:54:00:00:02:02',
        ipv4: '10.70.1.2',
        securityGroups: ['server'],
      }),
    ]);
    [clientProber] = await Promise.all([client.prober(PORTS), server.prober(PORTS)]);
  });

  // A test that fails half-way must not take the others along.
  beforeEach(applyGroups);

  async function applyGroups(): Promise<void> {
    const { fabric } = empty();
    await fabric.apply({ text: group('client', [EGRESS]) });
    await fabric.apply({ text: group('server', [UDP_FROM_CLIENT, TCP_FROM_CLIENT]) });
  }

  async function establish(transport: 'tcp' | 'udp', address: string): Promise<Flow> {
    const port = transport === 'tcp' ? 443 : 5000;
    const flow = await clientProber.startFlow({ transport, address, port }, { intervalMs: 10 });
    await waitFor(
      () => flow.statistics(),
      ({ received }) => received > 20,
      { what: `a ${transport} flow to ${address} is established` },
    );
    return flow;
  }

  /** Makes the change, and returns the milliseconds from its end until the last echo of the flow that lived longest. */
  async function cutAfter(flows: readonly Flow[], change: () => Promise<void>): Promise<number> {
    await change();
    const changed = performance.now();
    const lastEchoes = flows.map(async (flow) => {
      const { sinceLastMs } = await waitFor(
        () => flow.statistics(),
        (statistics) => statistics.sinceLastMs > 500,
        { what: 'the flow is cut', timeoutMs: CUT_WITHIN_MS + 500 },
      );
      return performance.now() - sinceLastMs - changed;
    });
    return Math.max(...(await Promise.all(lastEchoes)));
  }

  test('is cut at its destination, the other flows lose nothing, and it goes on when the rule is back', async () => {
    const { fabric } = empty();
    const udp = await establish('udp', '10.70.1.2');
    const tcp = await establish('tcp', '10.70.1.2');
    const outbound = await establish('udp', INTERNET_IPV4);
    const withoutUdp = group('server', [TCP_FROM_CLIENT]);
    expect(await cutAfter([udp], () => fabric.apply({ text: withoutUdp }))).toBeLessThan(CUT_WITHIN_MS);

    await fabric.apply({ text: group('server', [UDP_FROM_CLIENT, TCP_FROM_CLIENT]) });
    await waitFor(
      () => udp.statistics(),
      ({ sinceLastMs }) => sinceLastMs < 100,
      { what: 'the flow goes on' },
    );
    await udp.stop();
    for (const flow of [tcp, outbound]) {
      const { sent, received, error } = await flow.stop();
      expect({ lost: sent - received, error }).toEqual({ lost: 0, error: undefined });
    }
  });

  test('is cut at its source, translated or not', async () => {
    const { fabric } = empty();
    const inside = await establish('tcp', '10.70.1.2');
    const translated = await establish('udp', INTERNET_IPV4);
    const revoke = (): Promise<void> => fabric.apply({ text: group('client', []) });
    expect(await cutAfter([inside, translated], revoke)).toBeLessThan(CUT_WITHIN_MS);
    await inside.stop();
    await translated.stop();
  });

  test('is cut when the sender leaves the group that the rule names', async () => {
    const { fabric } = empty();
    await fabric.apply({ text: group('stranger', [EGRESS]) });
    const flow = await establish('udp', '10.70.1.2');
    const leave = (): Promise<void> => fabric.apply({ text: client.manifest({ securityGroups: ['stranger'] }) });
    expect(await cutAfter([flow], leave)).toBeLessThan(CUT_WITHIN_MS);
    await flow.stop();
    await fabric.apply({ text: client.manifest() });
    await (await establish('udp', '10.70.1.2')).stop();
  });

  test('is cut when the instance is deleted, and its routes are withdrawn', async () => {
    const { fabric } = empty();
    const flow = await establish('udp', '10.70.1.2');
    const remove = async (): Promise<void> => {
      await fabric.fabricctl(['delete', 'instance', 'server']);
    };
    expect(await cutAfter([flow], remove)).toBeLessThan(CUT_WITHIN_MS);
    await flow.stop();
    for (const router of ['tor-a', 'tor-b']) {
      await waitFor(
        async () => (await fabric.lab.node(router).exec(['ip', 'route', 'show', '10.70.1.2'])).stdout,
        (routes) => routes === '',
        { what: `${router} has no route to the deleted instance` },
      );
    }
    await fabric.apply({ text: server.manifest() });
    await (await establish('udp', '10.70.1.2')).stop();
  });
});
