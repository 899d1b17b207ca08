import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BfdSessionSettings, BfdStatusReport } from '../../src/bfd/bfd-service.ts';
import { BfdProcess } from '../lab/bfd-process.ts';
import { FrrRouter, frrConfiguration } from '../lab/frr-router.ts';
import type { Namespace } from '../lab/namespace.ts';
import { Rack, TOR } from '../lab/rack.ts';
import { waitUntil } from '../lab/wait-until.ts';

let stack: AsyncDisposableStack;
let host: Namespace;
let tor: Namespace;
let frr: FrrRouter;

function session(endpoint: Partial<BfdSessionSettings['endpoint']> = {}, detectMultiplier = 3): BfdSessionSettings {
  return {
    endpoint: { remoteAddress: '192.0.2.254', multihop: false, ...endpoint },
    timers: { desiredMinTxIntervalUs: 50_000, requiredMinRxIntervalUs: 50_000, detectMultiplier },
  };
}

/** `peers`: `ADDRESS [local-address …] [interface …] [multihop]`. */
async function startFrr(peers: readonly string[]): Promise<void> {
  const lines = ['detect-multiplier 3', 'receive-interval 50', 'transmit-interval 50'];
  const blocks = peers.map((peer) => ` peer ${peer}\n${lines.map((line) => `  ${line}`).join('\n')}\n !`);
  await frr.start(frrConfiguration(TOR), { bfd: `hostname bfdd\nbfd\n${blocks.join('\n')}\n!\n` });
}

function start(...sessions: readonly BfdSessionSettings[]): BfdProcess {
  return stack.use(new BfdProcess(host, sessions));
}

interface FrrSession {
  readonly peer: string;
  readonly status: string;
  readonly uptime?: number;
}

async function frrSession(peer: string): Promise<FrrSession | undefined> {
  const sessions = JSON.parse(await frr.show('bfd peers json')) as readonly FrrSession[];
  return sessions.find((candidate) => candidate.peer === peer);
}

async function upAtFrr(peer: string): Promise<void> {
  await waitUntil('up at the router', async () => (await frrSession(peer))?.status === 'up');
}

const isDown = ({ state }: BfdStatusReport) => state === 'Down';

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  ({ host, tor } = stack.use(await Rack.create('bfdfrr', { ipv6: true })));
  frr = stack.use(await FrrRouter.create(tor));
});

afterEach(async () => {
  await stack.disposeAsync();
});

describe('BFD with FRR', () => {
  it('comes up at 50 ms both ways, and notices when bfdd hangs', async () => {
    await startFrr(['192.0.2.1 local-address 192.0.2.254 interface down0']);
    const bfd = start(session());
    await bfd.state('Up');
    await upAtFrr('192.0.2.1');
    await waitUntil('50 ms both ways', () => {
      const latest = bfd.history().at(-1);
      return latest?.detectionMs === 150 && latest.transmitMs === 50;
    });
    const silentAtMs = Date.now();
    frr.freezeBfdd();
    const down = await bfd.state('Down');
    expect(down.localDiagnostic).toBe('Control Detection Time Expired');
    expect(down.atMs - silentAtMs).toBeGreaterThan(90);
    expect(down.atMs - silentAtMs).toBeLessThanOrEqual(400);
  });

  it('stays up at both ends while the main thread is blocked for 2 s', async () => {
    await startFrr(['192.0.2.1 local-address 192.0.2.254 interface down0']);
    const bfd = start(session());
    await bfd.state('Up');
    await upAtFrr('192.0.2.1');
    const before = bfd.history().length;
    await (await bfd.blockMainThread())();
    await (await bfd.blockMainThread())();
    expect(bfd.history().slice(before).filter(isDown)).toEqual([]);
    expect((await frrSession('192.0.2.1'))?.uptime).toBeGreaterThanOrEqual(3);
  });

  it('is noticed by FRR when it dies', async () => {
    await startFrr(['192.0.2.1 local-address 192.0.2.254 interface down0']);
    const bfd = start(session());
    await bfd.state('Up');
    await upAtFrr('192.0.2.1');
    await bfd.stop('SIGKILL');
    await waitUntil('down at the router', async () => (await frrSession('192.0.2.1'))?.status === 'down', 2000);
  });

  it('works over IPv6', async () => {
    await startFrr(['2001:db8:a::1 local-address 2001:db8:a::fe interface down0']);
    const bfd = start(session({ remoteAddress: '2001:db8:a::fe' }));
    await bfd.state('Up');
    await upAtFrr('2001:db8:a::1');
  });

  it('works over several hops', async () => {
    await host.ip('addr add 198.51.100.1/32 dev lo');
    await tor.ip('route add 198.51.100.1 via 192.0.2.1');
    await startFrr(['198.51.100.1 local-address 192.0.2.254 multihop']);
    const bfd = start(session({ localAddress: '198.51.100.1', multihop: true }));
    await bfd.state('Up');
    await upAtFrr('198.51.100.1');
  });

  it('takes a shutdown of the router’s end for no failure of the path', async () => {
    const peer = '192.0.2.1 local-address 192.0.2.254 interface down0';
    await startFrr([peer]);
    const bfd = start(session());
    await bfd.state('Up');
    await upAtFrr('192.0.2.1');
    await frr.configure(['bfd', `peer ${peer}`, 'shutdown']);
    expect(await bfd.state('Down')).toMatchObject({
      remoteState: 'AdminDown',
      localDiagnostic: 'Neighbor Signaled Session Down',
    });
    await frr.configure(['bfd', `peer ${peer}`, 'no shutdown']);
    await bfd.state('Up');
  });
});
