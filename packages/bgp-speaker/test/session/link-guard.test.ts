import { FakeClock } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { LabHost } from '../lab/lab-host.ts';
import { MemoryNetwork } from '../lab/memory-transport.ts';

const SECOND = 1000;

let clock: FakeClock;
let host: LabHost;
let tors: readonly LabHost[];

beforeEach(async () => {
  clock = new FakeClock();
  const network = new MemoryNetwork(clock);
  host = new LabHost(clock, network, { name: 'h', address: '192.0.2.1', asNumber: 64_601 });
  tors = [2, 3].map(
    (low) => new LabHost(clock, network, { name: `t${low}`, address: `192.0.2.${low}`, asNumber: 65_000 }),
  );
  for (const each of [host, ...tors]) await each.prepare();
  for (const tor of tors) {
    host.addPeer(tor.settings.name, tor.settings.address, 65_000, { families: ['ipv4-unicast'] });
    tor.addPeer('h', '192.0.2.1', 64_601, { families: ['ipv4-unicast'] });
  }
});

const reasons = (prefix: string) => host.routes({ prefix, view: 'received', peer: 't2' }).map(({ reason }) => reason);

describe('a router that announces parts of the link', () => {
  it('is not believed where they contain a router, from the moment that one is known to be on the link', async () => {
    const [t2, t3] = tors;
    t2?.addInstance('192.0.2.3/32');
    t2?.addInstance('192.0.2.0/30');
    t2?.addInstance('192.0.2.64/26');
    t2?.addInstance('0.0.0.0/0');
    await t2?.start();
    await host.start();
    await clock.advanceAsync(10 * SECOND);
    expect(host.neighbor('t2').state).toBe('Established');
    // t3 has not been there so far: nothing says that 192.0.2.3 is a router.
    expect(host.learned()).toEqual([
      '0.0.0.0/0 via 192.0.2.2',
      '192.0.2.3/32 via 192.0.2.2',
      '192.0.2.64/26 via 192.0.2.2',
    ]);
    expect(reasons('192.0.2.0/30')).toEqual(['rejected: contains t2, which is on eth0']);
    await t3?.start();
    await clock.advanceAsync(10 * SECOND);
    expect(host.neighbor('t3').state).toBe('Established');
    expect(host.learned()).toEqual(['0.0.0.0/0 via 192.0.2.2', '192.0.2.64/26 via 192.0.2.2']);
    expect(reasons('192.0.2.3/32')).toEqual(['rejected: contains t3, which is on eth0']);
    host.removePeer('t3');
    await clock.advanceAsync(SECOND);
    expect(host.learned()).toContain('192.0.2.3/32 via 192.0.2.2');
  });
});
