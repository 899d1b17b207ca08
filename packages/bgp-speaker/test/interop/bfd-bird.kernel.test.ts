import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BfdSessionSettings } from '../../src/bfd/bfd-service.ts';
import { BfdProcess } from '../lab/bfd-process.ts';
import { BirdRouter } from '../lab/bird-router.ts';
import { Namespace } from '../lab/namespace.ts';
import { waitUntil } from '../lab/wait-until.ts';

let stack: AsyncDisposableStack;
let host: Namespace;
let tor: Namespace;
let bird: BirdRouter;
let serial = 0;

const TIMERS_50 = { desiredMinTxIntervalUs: 50_000, requiredMinRxIntervalUs: 50_000, detectMultiplier: 3 };

function session(endpoint: Partial<BfdSessionSettings['endpoint']> = {}, timers = TIMERS_50): BfdSessionSettings {
  return { endpoint: { remoteAddress: '192.0.2.254', multihop: false, ...endpoint }, timers };
}

async function startBird(neighbors: readonly string[], intervalMs = 50): Promise<void> {
  const settings = `{ interval ${intervalMs} ms; idle tx interval 1 s; multiplier 3; }`;
  await bird.start(`
router id 192.0.2.254;
protocol device { }
protocol bfd {
  interface "down0" ${settings};
  multihop ${settings};
  ${neighbors.map((neighbor) => `neighbor ${neighbor};`).join('\n  ')}
}
`);
}

/** Starts a BfdProcess that ends with the test. */
function start(...sessions: readonly BfdSessionSettings[]): BfdProcess {
  return stack.use(new BfdProcess(host, sessions));
}

async function linkLocal(namespace: Namespace, device: string): Promise<string> {
  return await waitUntil('link-local address', async () => {
    const text = await namespace.ip(`-6 addr show dev ${device} scope link`);
    return text.includes('tentative') ? undefined : /inet6 ([^/]+)/.exec(text)?.[1];
  });
}

async function birdState(address: string): Promise<string | undefined> {
  const line = (await bird.show('bfd sessions')).split('\n').find((text) => text.startsWith(`${address} `));
  return line?.split(/\s+/)[2];
}

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  serial += 1;
  host = stack.use(await Namespace.create(`bfd-host-${serial}`));
  tor = stack.use(await Namespace.create(`bfd-tor-${serial}`));
  await Namespace.link(host, 'eth0', ['192.0.2.1/24', '2001:db8:a::1/64'], tor, 'down0', [
    '192.0.2.254/24',
    '2001:db8:a::fe/64',
  ]);
  bird = stack.use(await BirdRouter.create(tor));
});

afterEach(async () => {
  await stack.disposeAsync();
});

describe('BFD with BIRD', () => {
  it('comes up, negotiates 50 ms, and notices within 160 ms that the router hangs', async () => {
    await startBird(['192.0.2.1 dev "down0" local 192.0.2.254']);
    const bfd = start(session());
    await bfd.state('Up');
    await waitUntil('up at the router', async () => (await birdState('192.0.2.1')) === 'Up');
    await waitUntil('fast', () => bfd.history().at(-1)?.detectionMs === 150);
    expect(bfd.history().at(-1)).toMatchObject({ transmitMs: 50, remoteControlPlaneIndependent: false });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const silentAtMs = Date.now();
    bird.freeze();
    const down = await bfd.state('Down');
    expect(down.localDiagnostic).toBe('Control Detection Time Expired');
    console.log('detected after', down.atMs - silentAtMs);
    bird.thaw();
    await bfd.state('Up');
  });
});
