import { FabricError, FakeClock } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { SpeakerMetrics } from '../../src/daemon/speaker-metrics.ts';
import { LabHost } from '../lab/lab-host.ts';
import { MemoryNetwork } from '../lab/memory-transport.ts';

let clock: FakeClock;
let host: LabHost;
let tors: readonly [LabHost, LabHost];

beforeEach(async () => {
  clock = new FakeClock();
  const network = new MemoryNetwork(clock);
  host = new LabHost(clock, network, { name: 'h', address: '192.0.2.1', asNumber: 64_601 });
  tors = [
    new LabHost(clock, network, { name: 't1', address: '192.0.2.11', asNumber: 65_001 }),
    new LabHost(clock, network, { name: 't2', address: '192.0.2.12', asNumber: 65_002 }),
  ];
  await host.prepare();
  const spec = { families: ['ipv4-unicast'] };
  for (const tor of tors) {
    await tor.prepare();
    host.addPeer(tor.settings.name, tor.settings.address, tor.settings.asNumber, spec);
    tor.addPeer('h', '192.0.2.1', 64_601, { ...spec, passive: true });
    await tor.start();
  }
  host.addInstance('203.0.113.10/32');
  await host.start();
  for (const tor of tors) tor.addInstance('198.51.100.0/24');
  tors[0].addInstance('127.0.0.0/8');
  await clock.advanceAsync(5000);
});

describe('speaker handlers', () => {
  it('count what there is', () => {
    expect(host.status()).toMatchObject({
      host: 'h',
      asNumber: 64_601,
      routerId: '192.0.2.1',
      sessions: { configured: 2, established: 2 },
      localRoutes: 1,
      learnedRoutes: 1,
      installedRoutes: 1,
      findings: [],
    });
    expect(host.neighbor('t1').prefixes).toEqual({
      'ipv4-unicast': { received: 2, accepted: 1, best: 1, advertised: 1 },
    });
    expect(host.neighbor('t1').messages.sent).toMatchObject({ OPEN: 1, UPDATE: 2, NOTIFICATION: 0 });
  });

  it('give a table too long for one answer in pieces, the same routes', async () => {
    for (let number = 0; number < 450; number += 1) {
      host.addInstance(`203.0.${114 + (number >> 8)}.${number & 255}/32`);
    }
    await clock.advanceAsync(1000);
    const events = await host.routeTable();
    expect(events.map(({ length }) => length)).toEqual([200, 200, host.routes().length - 400]);
    expect(events.flat()).toEqual(host.routes());
    expect((await host.routeTable({ view: 'received', peer: 't2' })).flat()).toEqual(
      host.routes({ view: 'received', peer: 't2' }),
    );
    expect(await host.routeTable({ view: 'best', peer: 'local' })).toHaveLength(3);
    await expect(host.routeTable({ view: 'advertised', peer: 'nobody' })).rejects.toThrow('there is no BGP session');
  });

  it('explain every route: chosen, equal, rejected, local', () => {
    const routes = host.routes().toSorted((left, right) => left.prefix.localeCompare(right.prefix));
    expect(
      routes.map(({ prefix, source, best, installed, reason }) => [prefix, source, best, installed, reason]),
    ).toEqual([
      ['127.0.0.0/8', 't1', false, false, 'rejected: martian prefix'],
      ['198.51.100.0/24', 't1', true, true, 'lowest BGP Identifier of 2 equal routes'],
      ['198.51.100.0/24', 't2', false, true, 'multipath: equal to t1 up to the BGP Identifier'],
      ['203.0.113.10/32', 'local', true, true, 'local route'],
    ]);
    expect(routes[1]).toMatchObject({ nextHop: '192.0.2.11', asPath: '65001', origin: 'igp', stale: false });
  });

  it('narrow to one prefix, written in any way, and refuse what is none', () => {
    expect(host.routes({ prefix: '198.51.100.9/24' })).toHaveLength(2);
    expect(host.routes({ prefix: '203.0.113.10' })).toHaveLength(1);
    expect(host.routes({ prefix: '203.0.113.11' })).toEqual([]);
    expect(() => host.routes({ prefix: 'web' })).toThrow(FabricError);
  });

  it('tell the kernel’s words where it refuses the best route', async () => {
    host.kernel.routes.refuse = () => 'Network is unreachable';
    for (const tor of tors) tor.addInstance('198.51.101.0/24');
    await clock.advanceAsync(100);
    expect(host.routes({ prefix: '198.51.101.0/24' })[0]).toMatchObject({
      installed: false,
      reason: 'next hop 192.0.2.11 is not reachable: the kernel refuses it (Network is unreachable)',
    });
  });
});

describe('speaker metrics', () => {
  it('have sessions, prefixes and messages at the first scrape', async () => {
    const metrics = new SpeakerMetrics(
      () => host.speaker,
      () => true,
    );
    metrics.announceDuration.observe(0.0001);
    const text = await metrics.registry.text();
    for (const line of [
      'slash32_bgp_session_established{peer="t1"} 1',
      'slash32_bgp_session_held{peer="t1"} 0',
      'slash32_bgp_messages_total{peer="t1",direction="sent",type="open"} 1',
      'slash32_bgp_received_prefixes{peer="t1",family="ipv4-unicast"} 2',
      'slash32_bgp_advertised_prefixes{peer="t2",family="ipv4-unicast"} 1',
      'slash32_bgp_local_routes 1',
      'slash32_bgp_installed_routes 1',
      'slash32_bgp_kernel_to_wire_duration_seconds_count 1',
    ]) {
      expect(text).toContain(line);
    }
  });

  it('never count a message twice', async () => {
    const metrics = new SpeakerMetrics(
      () => host.speaker,
      () => true,
    );
    await metrics.registry.text();
    expect(await metrics.registry.text()).toContain(
      'slash32_bgp_messages_total{peer="t1",direction="sent",type="open"} 1',
    );
  });
});
