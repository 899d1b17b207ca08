import { FakeRouterDiscovery } from '@slash32/linux';
import { FakeClock, silentLogger } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { RouterFinder } from '../../src/peers/router-finder.ts';

let clock: FakeClock;
let discovery: FakeRouterDiscovery;
let finder: RouterFinder;
let changes: number;
let life: AbortController;

beforeEach(async () => {
  clock = new FakeClock();
  discovery = new FakeRouterDiscovery();
  changes = 0;
  life = new AbortController();
  finder = new RouterFinder({
    discovery,
    clock,
    logger: silentLogger,
    onChange: () => {
      changes += 1;
    },
  });
  await finder.start(life.signal);
});

async function seen(device: string, address: string, present = true): Promise<void> {
  discovery.set({ device, address }, present);
  await clock.advanceAsync(0);
}

describe('the router of a link', () => {
  it('is the first that shows up, and stays the one while it is there', async () => {
    finder.follow(new Set(['eth0']));
    expect(finder.routerOn('eth0')).toBeUndefined();
    await seen('eth0', 'fe80::a');
    await seen('eth0', 'fe80::b');
    await seen('eth1', 'fe80::c');
    expect(finder.routerOn('eth0')).toBe('fe80::a');
    expect(changes).toBe(1);
  });

  it('is another one once it is gone and another is there', async () => {
    finder.follow(new Set(['eth0']));
    await seen('eth0', 'fe80::a');
    await seen('eth0', 'fe80::a', false);
    expect(finder.routerOn('eth0')).toBe('fe80::a');
    await seen('eth0', 'fe80::b');
    expect(finder.routerOn('eth0')).toBe('fe80::b');
    await seen('eth0', 'fe80::c');
    await seen('eth0', 'fe80::b', false);
    expect(finder.routerOn('eth0')).toBe('fe80::c');
    expect(changes).toBe(3);
  });

  it('is known before the interface is followed, and link-local', async () => {
    await seen('eth0', '2001:db8::1');
    await seen('eth0', 'fe80::a');
    finder.follow(new Set(['eth0']));
    expect(finder.routerOn('eth0')).toBe('fe80::a');
    expect(changes).toBe(0);
  });

  it('is told of us at once and every 3 s, on followed interfaces, until the end', async () => {
    finder.follow(new Set(['eth0']));
    finder.follow(new Set(['eth0']));
    expect(discovery.announced).toEqual(['eth0']);
    await clock.advanceAsync(6000);
    expect(discovery.announced).toEqual(['eth0', 'eth0', 'eth0']);
    finder.follow(new Set());
    await clock.advanceAsync(6000);
    expect(discovery.announced).toHaveLength(3);
    finder.follow(new Set(['eth1']));
    expect(discovery.announced.at(-1)).toBe('eth1');
    life.abort();
    await clock.advanceAsync(6000);
    expect(discovery.announced).toHaveLength(4);
  });

  it('says why it cannot be told', async () => {
    discovery.announce = (device) => {
      throw new Error(`no ${device}`);
    };
    finder.follow(new Set(['eth0']));
    expect(finder.failureOn('eth0')).toBe('no eth0');
    discovery.announce = () => undefined;
    await clock.advanceAsync(3000);
    expect(finder.failureOn('eth0')).toBeUndefined();
  });
});
