import { FakeClock, silentLogger } from '@slash32/shared';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { LITTLE_ENDIAN } from '../src/netlink/netlink-message.ts';
import { NetlinkMonitor } from '../src/netlink/netlink-monitor.ts';
import type { Notification, NotificationKind } from '../src/netlink/notification.ts';
import { Rtnetlink } from '../src/netlink/rtnetlink.ts';
import * as recorded from './netlink-recordings.ts';
import { type Reading, ScriptedLibc } from './scripted-libc.ts';

describe.runIf(LITTLE_ENDIAN)('netlink monitor', () => {
  let libc: ScriptedLibc;
  let clock: FakeClock;
  let monitor: NetlinkMonitor;
  let controller: AbortController;
  let heard: Notification[];
  const onGap = vi.fn();

  beforeEach(() => {
    libc = new ScriptedLibc();
    libc.onSent = () => libc.readings.push(Buffer.from(recorded.DUMP_END, 'hex'));
    clock = new FakeClock();
    controller = new AbortController();
    heard = [];
    onGap.mockClear();
    const random = () => 0.5;
    monitor = new NetlinkMonitor({ libc, rtnetlink: new Rtnetlink(libc), clock, logger: silentLogger, random });
  });

  const subscribe = (...kinds: NotificationKind[]) =>
    monitor.subscribe(
      { kinds: new Set(kinds), onNotifications: (more) => heard.push(...more), onGap },
      controller.signal,
    );
  const arrive = (...readings: Reading[]) => {
    libc.readings.push(...readings);
    for (const onReadable of [...libc.watched.values()]) onReadable();
  };
  const hex = (text: string) => Buffer.from(text, 'hex');

  test('passes on what was asked for, under the names that links have', async () => {
    await subscribe('route', 'neighbour');
    arrive(hex(recorded.LINK), hex(recorded.ON_LINK), hex(recorded.IPV4_ADDRESS), hex(recorded.PERMANENT_NEIGHBOUR));
    expect(heard.map(({ kind }) => kind)).toEqual(['route', 'neighbour']);
    expect(heard[0]).toMatchObject({
      deleted: false,
      route: { prefix: '10.0.0.1/32', nextHops: [{ device: 'tap1' }] },
    });
    controller.abort();
    arrive(hex(recorded.ON_LINK));
    expect(heard).toHaveLength(2);
  });

  test('a route after a link has got another name is over the link of that name', async () => {
    await subscribe('route');
    arrive(hex(recorded.ON_LINK));
    const renamed = Buffer.from(hex(recorded.LINK));
    renamed.write('tap9\0', renamed.indexOf('tap1\0'));
    arrive(renamed, hex(recorded.ON_LINK));
    const devices = heard.flatMap((each) => (each.kind === 'route' ? [each.route.nextHops[0]?.device] : []));
    expect(devices).toEqual(['tap1', 'tap9']);
  });

  test.each<Reading>(['ENOBUFS', 'ENOMEM'])(
    '%s: what was read is passed on, then a gap, and a fresh socket',
    async (error) => {
      await subscribe('route');
      const before = [...libc.watched.keys()];
      arrive(hex(recorded.ON_LINK), error, hex(recorded.IPV4_BLACKHOLE));
      libc.readings.length = 0;
      expect(heard).toHaveLength(1);
      await vi.waitFor(() => expect(onGap).toHaveBeenCalledTimes(1));
      expect([...libc.watched.keys()]).not.toEqual(before);
      arrive(hex(recorded.IPV4_BLACKHOLE));
      expect(heard).toHaveLength(2);
      await monitor[Symbol.asyncDispose]();
      expect(libc.open).toEqual(new Set());
    },
  );

  test('a socket that cannot be had fails the subscription, and the next one tries again', async () => {
    libc.refusedOptions.add(12);
    await expect(subscribe('route')).rejects.toMatchObject({ code: 'netlink.failed' });
    libc.refusedOptions.clear();
    await subscribe('route');
    arrive(hex(recorded.ON_LINK));
    expect(heard).toHaveLength(1);
  });

  test('a fresh socket that cannot be had is tried again later', async () => {
    await subscribe('route');
    libc.refusedOptions.add(12);
    arrive('ENOBUFS');
    await vi.waitFor(() => expect(libc.watched.size).toBe(0));
    libc.refusedOptions.clear();
    await vi.waitFor(async () => {
      await clock.advance(10_000);
      expect(onGap).toHaveBeenCalledTimes(1);
    });
  });
});
