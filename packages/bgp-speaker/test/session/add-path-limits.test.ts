import { FakeClock } from '@slash32/shared';
import { expect, it } from 'vitest';
import {
  encodeKeepalive,
  FAMILY_PARAMETERS,
  type NotificationMessage,
  packUpdates,
  prefixKeyFromText,
} from '../../src/codec/index.ts';
import { LabHost } from '../lab/lab-host.ts';
import { MemoryNetwork } from '../lab/memory-transport.ts';
import { attributes } from '../lab/paths.ts';
import { ScriptedPeer, usualCapabilities } from '../lab/scripted-peer.ts';

const PREFIX = prefixKeyFromText('198.51.100.1/32');

/** A host, and a router that sends several paths of one prefix. */
async function session(spec: object) {
  const clock = new FakeClock();
  const network = new MemoryNetwork(clock);
  const host = new LabHost(clock, network, { name: 'h', address: '192.0.2.1', asNumber: 64_601 });
  await host.prepare();
  host.addPeer('router', '192.0.2.2', 65_000, { passive: true, families: ['ipv4-unicast'], ...spec });
  await host.start();
  const family = 'ipv4-unicast';
  const router = new ScriptedPeer({
    transport: network.transport('192.0.2.2'),
    address: '192.0.2.1',
    asNumber: 65_000,
    routerId: '192.0.2.2',
    peerType: 'ebgp',
    capabilities: [
      ...usualCapabilities([family], 65_000),
      { kind: 'add-path', families: [{ ...FAMILY_PARAMETERS[family], family, direction: 'both' }] },
    ],
  });
  router.connect();
  await clock.advanceAsync(10);
  router.sendOpen();
  await clock.advanceAsync(10);
  router.send(encodeKeepalive());
  await clock.advanceAsync(10);
  return {
    host,
    notification: (): NotificationMessage | undefined => router.notification,
    announce: async (...pathIds: readonly number[]): Promise<void> => {
      for (const pathId of pathIds) {
        const block = {
          family,
          prefixes: [PREFIX],
          pathIds: [pathId],
          nextHop: { address: `192.0.2.${pathId}` },
        } as const;
        for (const octets of packUpdates(block, attributes([65_000]), router.context)) router.send(octets);
      }
      await clock.advanceAsync(100);
    },
  };
}

it('counts paths, each once however often it is announced', async () => {
  const { host, announce, notification } = await session({
    addPaths: { receive: true },
    maxPrefixes: { 'ipv4-unicast': { limit: 3, action: 'idle' } },
  });
  await announce(11, 12, 12, 13, 11);
  expect(host.neighbor('router')).toMatchObject({
    state: 'Established',
    prefixes: { 'ipv4-unicast': { received: 3, accepted: 3, best: 1, addPath: 'receive' } },
  });
  expect(host.learned()).toEqual(['198.51.100.1/32 via 192.0.2.11 192.0.2.12 192.0.2.13']);
  await announce(14);
  expect(notification()).toMatchObject({ code: 6, subcode: 1 });
  expect(host.neighbor('router').held?.cause).toBe('max-prefixes');
  expect(host.learned()).toEqual([]);
});

it('is not offered unless asked for: then the session is as ever', async () => {
  const { host } = await session({});
  expect(host.neighbor('router')).toMatchObject({ state: 'Established' });
  expect(host.neighbor('router').localCapabilities.join()).not.toContain('add-path');
  expect(host.neighbor('router').prefixes['ipv4-unicast']).not.toHaveProperty('addPath');
});
