import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FrameTap, sendFrame } from '../harness/frame-tap.ts';
import { PluggedInstance } from '../harness/plugged-instance.ts';
import type { Prober } from '../harness/prober.ts';
import { waitFor } from '../harness/wait-for.ts';
import {
  arpFrame,
  BROADCAST_MAC,
  dhcpOfferPayload,
  routerAdvertisementFrame,
  udpFrame,
} from '../probe/frame-builder.ts';
import { INTERNET_IPV4, OPEN_GROUP, PORTS, useEmptyFabric } from './lab-fixture.ts';

/**
 * Two instances on one host and one on another, in one network, whose groups allow everything: what still must not
 * pass is what the fabric itself forbids.
 */
describe('what an instance sees and can do at its interface', () => {
  const empty = useEmptyFabric();
  let alice: PluggedInstance;
  let bob: PluggedInstance;
  let carol: PluggedInstance;
  let aliceProber: Prober;
  let bobProber: Prober;
  const shared = { network: 'public', securityGroups: ['open'] };
  const GATEWAY = '203.0.113.1';

  beforeAll(async () => {
    const { fabric } = empty();
    await fabric.apply({ text: OPEN_GROUP });
    [alice, bob, carol] = await Promise.all([
      PluggedInstance.start(fabric, {
        ...shared,
        name: 'alice',
        host: 'compute-a1',
        mac: '52:54:00:00:01:01',
        ipv4: '203.0.113.21',
      }),
      PluggedInstance.start(fabric, {
        ...shared,
        name: 'bob',
        host: 'compute-a1',
        mac: '52:54:00:00:01:02',
        ipv4: '203.0.113.22',
      }),
      PluggedInstance.start(fabric, {
        ...shared,
        name: 'carol',
        host: 'compute-b1',
        mac: '52:54:00:00:01:03',
        ipv4: '203.0.113.23',
      }),
    ]);
    [aliceProber, bobProber] = await Promise.all([alice.prober(PORTS), bob.prober(PORTS)]);
    await carol.prober(PORTS);
  });

  afterAll(async () => {
    await aliceProber?.[Symbol.asyncDispose]();
    await bobProber?.[Symbol.asyncDispose]();
  });

  async function tapMac(instance: PluggedInstance): Promise<string> {
    const host = empty().fabric.lab.node(instance.options.host);
    return linkAddress((await host.exec(['ip', '-j', 'link', 'show', instance.tap])).stdout);
  }

  test('DHCP gives the address and the gateway', async () => {
    const { stdout } = await alice.node.exec(['ip', '-4', 'route']);
    expect(stdout).toContain(`default via ${GATEWAY} dev eth0`);
    const addresses = await alice.node.exec(['ip', '-4', '-o', 'address', 'show', 'dev', 'eth0']);
    expect(addresses.stdout).toMatch(/ 203\.0\.113\.21\/24 /);
  });

  test('neighbours of one network reach each other, on one host and across racks', async () => {
    for (const address of ['203.0.113.22', '203.0.113.23']) {
      const result = await waitFor(
        () => aliceProber.probe({ transport: 'tcp', address, port: 443 }, 500),
        ({ reached }) => reached,
        { what: `alice reaches ${address}` },
      );
      expect(result.seenSource).toBe('203.0.113.21');
    }
  });

  test('the gateway answers echo requests', async () => {
    await alice.node.exec(['ping', '-c', '1', '-W', '2', GATEWAY]);
  });

  test('ARP for a neighbour never yields the neighbour’s MAC', async () => {
    await alice.node.exec(['ip', 'neigh', 'flush', 'dev', 'eth0']);
    await aliceProber.probe({ transport: 'tcp', address: '203.0.113.22', port: 443 }, 1_000);
    const { stdout } = await alice.node.exec(['ip', 'neigh', 'show', 'dev', 'eth0']);
    expect(stdout).not.toContain(bob.options.mac);
    for (const [, mac] of stdout.matchAll(/lladdr (\S+)/g)) expect(mac).toBe(await tapMac(alice));
  });

  test('broadcasts, ARP and frames to a neighbour’s MAC stay at the sender’s tap', async () => {
    await using ears = await FrameTap.open(bob.node);
    const udp = {
      sourceMac: alice.options.mac,
      source: '203.0.113.21',
      sourcePort: 4000,
      destinationPort: 4001,
      payload: 'feedfacefeedface',
    };
    await sendFrame(alice.node, udpFrame({ ...udp, destinationMac: BROADCAST_MAC, destination: '255.255.255.255' }), 5);
    await sendFrame(alice.node, udpFrame({ ...udp, destinationMac: BROADCAST_MAC, destination: '203.0.113.255' }), 5);
    await sendFrame(alice.node, udpFrame({ ...udp, destinationMac: bob.options.mac, destination: '203.0.113.22' }), 5);
    const arp = { sourceMac: alice.options.mac, senderAddress: '203.0.113.21', targetAddress: '203.0.113.22' };
    await sendFrame(alice.node, arpFrame({ ...arp, operation: 1 }), 5);
    await sendFrame(alice.node, arpFrame({ ...arp, operation: 2, destinationMac: bob.options.mac }), 5);
    await marker(bobProber);
    await waitFor(
      () => ears.frames.length,
      (count) => count > 0,
      { what: 'bob hears what is meant for him' },
    );
    expect(ears.containing('feedfacefeedface')).toEqual([]);
    expect(ears.containing(alice.options.mac.replaceAll(':', ''))).toEqual([]);
  });

  test('a route through a neighbour carries nothing to the neighbour', async () => {
    await using ears = await FrameTap.open(bob.node);
    await alice.node.exec(['ip', 'route', 'add', '172.31.9.0/24', 'via', '203.0.113.22']);
    const result = await aliceProber.probe({ transport: 'udp', address: '172.31.9.9', port: 53 }, 400);
    await marker(bobProber);
    await alice.node.exec(['ip', 'route', 'del', '172.31.9.0/24']);
    expect(result.reached).toBe(false);
    expect(ears.containing('ac1f0909')).toEqual([]);
  });

  test('packets with a foreign source address or MAC are dropped', async () => {
    const gateway = await tapMac(alice);
    const base = {
      destinationMac: gateway,
      destination: INTERNET_IPV4,
      sourcePort: 4000,
      destinationPort: 5000,
    };
    const own = { ...base, sourceMac: alice.options.mac, source: '203.0.113.21' };
    await sendFrame(alice.node, udpFrame({ ...own, source: '203.0.113.22' }), 20);
    await sendFrame(alice.node, udpFrame({ ...own, source: '9.9.9.9' }), 20);
    await sendFrame(alice.node, udpFrame({ ...own, sourceMac: bob.options.mac }), 20);
    await sendFrame(alice.node, udpFrame({ ...own, sourceMac: bob.options.mac, source: '203.0.113.22' }), 20);
    await sendFrame(alice.node, udpFrame(own), 3);
    const counts = await waitFor(
      () => empty().internet.received(),
      (received) => received['udp/5000 203.0.113.21'] === 3,
      { what: 'the three honest packets arrive' },
    );
    expect(counts).not.toHaveProperty(['udp/5000 203.0.113.22']);
    expect(counts).not.toHaveProperty(['udp/5000 9.9.9.9']);
  });

  test('forged ARP changes nothing at the host', async () => {
    const host = empty().fabric.lab.node('compute-a1');
    const neighbours = async (): Promise<string> => {
      const { stdout } = await host.exec(`ip neigh show dev ${alice.tap}; ip neigh show dev ${bob.tap}`);
      return stdout;
    };
    const before = await neighbours();
    const forged = { sourceMac: alice.options.mac, operation: 2, targetAddress: GATEWAY } as const;
    await sendFrame(alice.node, arpFrame({ ...forged, senderAddress: '203.0.113.22' }), 5);
    await sendFrame(alice.node, arpFrame({ ...forged, senderAddress: GATEWAY }), 5);
    await sendFrame(alice.node, arpFrame({ ...forged, senderMac: bob.options.mac, senderAddress: '203.0.113.21' }), 5);
    await sendFrame(
      alice.node,
      arpFrame({ ...forged, operation: 1, senderAddress: '203.0.113.99', targetAddress: GATEWAY }),
      5,
    );
    await marker(aliceProber);
    expect(await neighbours()).toBe(before);
    expect(before).toContain(`203.0.113.21 lladdr ${alice.options.mac} PERMANENT`);
  });

  test('the host does not answer ARP for the instance’s own address', async () => {
    await using ears = await FrameTap.open(alice.node);
    const probe = { sourceMac: alice.options.mac, operation: 1 } as const;
    await sendFrame(alice.node, arpFrame({ ...probe, senderAddress: '0.0.0.0', targetAddress: '203.0.113.21' }), 3);
    await sendFrame(alice.node, arpFrame({ ...probe, senderAddress: '203.0.113.21', targetAddress: GATEWAY }));
    const answers = await waitFor(
      () => ears.frames.filter((frame) => frame.startsWith('0806', 24)),
      (frames) => frames.length > 0,
      { what: 'the gateway answers ARP' },
    );
    // Sender protocol address of an ARP reply: octets 28–31.
    expect(answers.map((frame) => frame.slice(56, 64))).not.toContain('cb007115');
  });

  test('a rogue DHCP server and a rogue router are not heard', async () => {
    const host = empty().fabric.lab.node('compute-a1');
    const routes = async (): Promise<string> => (await host.exec(['ip', '-6', 'route', 'show', 'default'])).stdout;
    const before = await routes();
    await using ears = await FrameTap.open(bob.node);
    const offer = {
      sourceMac: alice.options.mac,
      source: '203.0.113.21',
      sourcePort: 67,
      destinationPort: 68,
      payload: dhcpOfferPayload('203.0.113.66'),
    };
    await sendFrame(
      alice.node,
      udpFrame({ ...offer, destinationMac: BROADCAST_MAC, destination: '255.255.255.255' }),
      5,
    );
    await sendFrame(
      alice.node,
      udpFrame({ ...offer, destinationMac: await tapMac(alice), destination: '203.0.113.22' }),
      5,
    );
    const linkLocal = 'fe80::5054:ff:fe00:101';
    await sendFrame(alice.node, routerAdvertisementFrame(alice.options.mac, linkLocal), 5);
    await marker(bobProber);
    expect(ears.containing('63825363')).toEqual([]);
    expect(ears.containing('fe80000000000000505400fffe000101')).toEqual([]);
    expect(await routes()).toBe(before);
  });

  test('the host itself is closed to instances', async () => {
    for (const address of ['192.0.2.11', '10.0.1.1', GATEWAY]) {
      for (const port of [179, 22]) {
        const result = await aliceProber.probe({ transport: 'tcp', address, port }, 300);
        expect({ address, port, ...result }).toEqual({ address, port, reached: false });
      }
    }
  });

  test('a tap that no instance claims passes nothing', async () => {
    const { fabric, internet } = empty();
    const mallory = await PluggedInstance.plug(fabric, {
      ...shared,
      name: 'mallory',
      host: 'compute-a1',
      mac: '52:54:00:00:01:04',
      ipv4: '203.0.113.24',
    });
    // It gets no address, of course; it takes one.
    await mallory.node.kill('udhcpc', 'SIGKILL');
    // A script of the client may outlive it and flush the address once more.
    await waitFor(
      () =>
        mallory.node.exec(
          `ip address replace 203.0.113.24/24 dev eth0; ip route replace default via ${GATEWAY}; sleep 0.1; ip -4 route`,
        ),
      ({ stdout }) => stdout.includes(`default via ${GATEWAY}`),
      { what: 'mallory has an address and a way' },
    );
    await fabric.lab.node('compute-a1').exec(['ip', 'link', 'set', mallory.tap, 'up']);
    const prober = await mallory.prober(PORTS);
    for (const address of [INTERNET_IPV4, '203.0.113.21', '203.0.113.23', GATEWAY]) {
      const result = await prober.probe({ transport: 'udp', address, port: 53 }, 300);
      expect(result.reached).toBe(false);
    }
    expect(await internet.received()).not.toHaveProperty(['udp/53 203.0.113.24']);
    const { stdout } = await mallory.node.exec(['ip', 'neigh', 'show', GATEWAY, 'dev', 'eth0']);
    expect(stdout).not.toContain('lladdr');
    await fabric.lab.remove('mallory');
  });
});

/** A packet of known good standing, so that what was sent before has had its chance. */
async function marker(prober: Prober): Promise<void> {
  await waitFor(
    () => prober.probe({ transport: 'udp', address: INTERNET_IPV4, port: 53 }, 500),
    ({ reached }) => reached,
    { what: 'the instance reaches the internet' },
  );
}

function linkAddress(json: string): string {
  const [link] = JSON.parse(json) as { address: string }[];
  return link?.address ?? '';
}
