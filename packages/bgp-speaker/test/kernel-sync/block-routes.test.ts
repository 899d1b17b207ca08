import { FakeKernel } from '@slash32/linux';
import { FakeClock, ROUTE_PROTOCOL, silentLogger } from '@slash32/shared';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prefixKeyFromText, prefixKeyToText } from '../../src/codec/index.ts';
import { BlockRoutes } from '../../src/kernel-sync/block-routes.ts';

let clock: FakeClock;
let kernel: FakeKernel;
let life: AbortController;
let changes: string[];

beforeEach(() => {
  clock = new FakeClock();
  kernel = new FakeKernel();
  kernel.network.putInterface('eth0');
  life = new AbortController();
  changes = [];
});

afterEach(() => life.abort());

async function start(enabled = true): Promise<BlockRoutes> {
  const blocks = new BlockRoutes({
    routes: kernel.routes,
    addresses: kernel.addresses,
    clock,
    random: () => 0.5,
    logger: silentLogger,
    enabled,
    host: 'a',
    onChange: (active) => {
      changes.push(`${[...active].map(prefixKeyToText).join(' ')} | ${inKernel().join(' ')}`);
    },
  });
  await blocks.start(life.signal);
  return blocks;
}

async function want(blocks: BlockRoutes, ...texts: readonly string[]): Promise<void> {
  blocks.want(new Map(texts.map((text) => [prefixKeyFromText(text), [prefixKeyFromText(text)]])));
  await blocks.settled();
}

function inKernel(): readonly string[] {
  return [...kernel.network.routes.values()]
    .filter(({ protocol, type }) => protocol === ROUTE_PROTOCOL.block && type === 'unreachable')
    .map(({ prefix }) => prefix)
    .sort();
}

describe('routes of address blocks', () => {
  it('are there before a block may be announced, and go after it must not be', async () => {
    const blocks = await start();
    await want(blocks, '10.0.0.0/26', '2001:db8:1::/64');
    await want(blocks, '10.0.0.0/26');
    await want(blocks, '10.0.0.0/26');
    await want(blocks);
    expect(changes).toEqual([
      '10.0.0.0/26 2001:db8:1::/64 | 10.0.0.0/26 2001:db8:1::/64',
      '10.0.0.0/26 | 10.0.0.0/26 2001:db8:1::/64',
      ' | 10.0.0.0/26',
    ]);
    expect(inKernel()).toEqual([]);
  });

  it('are taken over from a former life, and removed if nobody wants them any more', async () => {
    await want(await start(), '10.0.0.0/26', '10.0.1.0/26');
    life.abort();
    life = new AbortController();
    const blocks = await start();
    expect(inKernel()).toEqual(['10.0.0.0/26', '10.0.1.0/26']);
    await want(blocks, '10.0.1.0/26');
    expect(inKernel()).toEqual(['10.0.1.0/26']);
    life.abort();
    life = new AbortController();
    await want(await start());
    expect(inKernel()).toEqual([]);
  });

  it('come back when somebody removes them, without a change of what is announced', async () => {
    const blocks = await start();
    await want(blocks, '10.0.0.0/26');
    const [route] = kernel.network.routes.values();
    if (route === undefined) throw new Error('no route');
    await kernel.routes.apply([{ op: 'delete', route }]);
    await clock.advanceAsync(10);
    await blocks.settled();
    expect(inKernel()).toEqual(['10.0.0.0/26']);
    expect(changes).toHaveLength(1);
  });

  it('are not made where a link has addresses of the block, until it has none', async () => {
    const address = { device: 'eth0', address: '10.0.0.5/24' };
    await kernel.addresses.apply([{ op: 'add', address }]);
    const blocks = await start();
    await want(blocks, '10.0.0.0/26', '10.0.1.0/26');
    expect(changes).toEqual(['10.0.1.0/26 | 10.0.1.0/26']);
    expect(blocks.findings()).toMatchObject([
      { code: 'host.block-refused', resource: 'Host/a', message: expect.stringContaining('eth0 has 10.0.0.5/24') },
    ]);
    await kernel.addresses.apply([
      { op: 'delete', address },
      { op: 'add', address: { ...address, address: '10.0.0.5/32' } },
    ]);
    await clock.advanceAsync(60_000);
    await blocks.settled();
    expect(inKernel()).toEqual(['10.0.0.0/26', '10.0.1.0/26']);
    expect(blocks.findings()).toEqual([]);
  });

  it('leave out what is elsewhere, without a moment in which anything else is', async () => {
    const blocks = await start();
    await want(blocks, '10.0.0.0/30');
    const states: string[] = [];
    await kernel.routes.watch(
      {},
      { onEvents: () => states.push(inKernel().join(' ')), onOverrun: () => undefined },
      life.signal,
    );
    const block = prefixKeyFromText('10.0.0.0/30');
    blocks.want(new Map([[block, ['10.0.0.0', '10.0.0.2/31'].map(prefixKeyFromText)]]));
    await blocks.settled();
    expect(inKernel()).toEqual(['10.0.0.0/32', '10.0.0.2/31']);
    await want(blocks, '10.0.0.0/30');
    expect(inKernel()).toEqual(['10.0.0.0/30']);
    for (const state of states) expect(state).toMatch(/10\.0\.0\.0\/30|10\.0\.0\.0\/32 10\.0\.0\.2\/31/);
    expect(changes).toHaveLength(1);
  });

  it('are none where the kernel is not to be touched', async () => {
    const blocks = await start(false);
    await want(blocks, '10.0.0.0/26');
    expect(inKernel()).toEqual([]);
    expect(changes).toEqual([]);
    expect(blocks.findings()).toMatchObject([{ message: expect.stringContaining('--install-routes') }]);
  });
});
