import { FakeClock } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { LabHost } from '../lab/lab-host.ts';
import { MemoryNetwork } from '../lab/memory-transport.ts';

let clock: FakeClock;
/** A host and its router. */
let host: LabHost;
let router: LabHost;

beforeEach(async () => {
  clock = new FakeClock();
  const network = new MemoryNetwork(clock);
  host = new LabHost(clock, network, { name: 'host', address: '192.0.2.1', asNumber: 64_601 });
  router = new LabHost(clock, network, { name: 'router', address: '192.0.2.2', asNumber: 65_000 });
});

async function startBoth(hostSpec: object, routerSpec: object): Promise<void> {
  const families = ['ipv4-unicast'];
  host.addPeer('router', '192.0.2.2', 65_000, { families, ...hostSpec });
  router.addPeer('host', '192.0.2.1', 64_601, { families, passive: true, ...routerSpec });
  for (const each of [router, host]) {
    await each.prepare();
    await each.start();
  }
  host.addInstance('203.0.113.10/32');
  router.addInstance('198.51.100.0/24');
  await clock.advanceAsync(5000);
}

describe('roles (RFC 9234)', () => {
  it('that fit are agreed on, and mark what goes to customers', async () => {
    await startBoth({ role: 'customer', strictRole: true }, { role: 'provider' });
    expect(host.neighbor('router')).toMatchObject({
      state: 'Established',
      role: { local: 'customer', remote: 'provider' },
    });
    expect(host.routes({ prefix: '198.51.100.0/24', view: 'received', peer: 'router' })).toMatchObject([
      { onlyToCustomer: 65_000, best: true },
    ]);
    expect(router.routes({ prefix: '203.0.113.10/32', view: 'received', peer: 'host' })[0]).not.toHaveProperty(
      'onlyToCustomer',
    );
  });

  it('marks routes of a provider that knows of no roles', async () => {
    await startBoth({ role: 'customer' }, {});
    expect(host.neighbor('router')).toMatchObject({ state: 'Established', role: { local: 'customer' } });
    expect(host.neighbor('router').role).not.toHaveProperty('remote');
    const question = { prefix: '198.51.100.0/24', peer: 'router' } as const;
    expect(host.routes({ ...question, view: 'accepted' })).toMatchObject([{ onlyToCustomer: 65_000 }]);
    expect(host.routes({ ...question, view: 'received' })[0]).not.toHaveProperty('onlyToCustomer');
  });

  it('that do not fit make no session, and both say why', async () => {
    await startBoth({ role: 'customer' }, { role: 'peer' });
    expect(host.neighbor('router').state).not.toBe('Established');
    const reasons = [host.neighbor('router').lastDown?.reason, router.neighbor('host').lastDown?.reason];
    expect(reasons.join('; ')).toMatch(/role/i);
  });

  it('missing make no session where they are required', async () => {
    await startBoth({ role: 'customer', strictRole: true }, {});
    expect(host.neighbor('router').state).not.toBe('Established');
    expect(host.neighbor('router').lastDown?.reason).toMatch(/no role; provider is required/);
  });

  it('of a route that was leaked: it is refused, and shown with the reason', async () => {
    await startBoth({ role: 'provider' }, {});
    const adjRibIn = host.speaker.neighbors.get('router')?.adjRibIn;
    const block = { family: 'ipv4-unicast', prefixes: [0x0a000000] } as const;
    const leaked = {
      origin: 'igp',
      asPath: [{ type: 'sequence', asNumbers: [65_000] }],
      onlyToCustomer: 65_001,
    } as const;
    adjRibIn?.announce(block, leaked, { address: '192.0.2.2' }, () => {});
    expect(host.routes({ prefix: '10.0.0.0/32' })).toMatchObject([
      {
        best: false,
        onlyToCustomer: 65_001,
        reason: 'rejected: route leak: AS 65001 sent it to customers only, and the router is our customer (RFC 9234)',
      },
    ]);
  });
});
