import { hasErrorCode } from '@slash32/shared';
import { beforeEach, describe, expect, test } from 'vitest';
import { InterfaceNames, remembered } from '../src/netlink/interface-names.ts';
import { loadLibc } from '../src/netlink/libc.ts';
import { readLink } from '../src/netlink/link-message.ts';
import { LITTLE_ENDIAN, messagesIn, octetsOf } from '../src/netlink/netlink-message.ts';
import { NetlinkSocket } from '../src/netlink/netlink-socket.ts';
import type { Request } from '../src/netlink/request-channel.ts';
import { Rtnetlink } from '../src/netlink/rtnetlink.ts';
import { failureOf } from './child-processes.ts';
import { ScriptedLibc } from './scripted-libc.ts';

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const DUMP_INTERRUPTED = 0x10;

/** A message with a payload of 32-bit words. */
function message(type: number, flags: number, sequence: number, words: readonly number[] = []): Uint8Array {
  const { bytes, view } = octetsOf(new Uint8Array(16 + 4 * words.length));
  view.setUint32(0, bytes.length, LITTLE_ENDIAN);
  view.setUint16(4, type, LITTLE_ENDIAN);
  view.setUint16(6, flags, LITTLE_ENDIAN);
  view.setUint32(8, sequence, LITTLE_ENDIAN);
  for (const [at, word] of words.entries()) view.setInt32(16 + 4 * at, word, LITTLE_ENDIAN);
  return bytes;
}

function sequencesIn(bytes: Uint8Array): readonly number[] {
  return [...messagesIn(octetsOf(bytes), bytes.length)].map(({ sequence }) => sequence);
}

/** A kernel that refuses each request whose payload is an odd number, and acknowledges the last one. */
function refuseOdd(libc: ScriptedLibc): void {
  libc.onSent = (octets) => {
    const { view } = octetsOf(octets);
    const frames = [...messagesIn(octetsOf(octets), octets.length)];
    for (const [at, { start, sequence }] of frames.entries()) {
      const odd = view.getUint32(start, LITTLE_ENDIAN) % 2 === 1;
      if (odd || at === frames.length - 1) libc.readings.push(message(NLMSG_ERROR, 0, sequence, [odd ? -17 : 0]));
    }
  };
}

const numbered = (item: number): Request => ({ type: 24, flags: 0, write: (writer) => writer.uint32(item) });

describe('netlink socket', () => {
  let libc: ScriptedLibc;
  beforeEach(() => {
    libc = new ScriptedLibc();
  });
  const open = () => new NetlinkSocket(libc, { receiveBufferOctets: 4_096 });

  test('interrupted calls are made again', () => {
    using socket = open();
    libc.sendErrors.push('EINTR', 'EINTR');
    socket.send(message(1, 0, 1));
    expect(libc.sent).toHaveLength(1);
    libc.readings.push('EINTR', message(7, 0, 1));
    expect(socket.receive()).toBe(16);
    expect(socket.receive()).toBe('empty');
  });

  test('an overrun, and a message that did not fit, are losses; the next of that size fits', () => {
    using socket = open();
    libc.readings.push('ENOBUFS', new Uint8Array(100_000), new Uint8Array(100_000));
    expect(socket.receive()).toBe('lost');
    expect(socket.receive()).toBe('lost');
    expect(socket.receive()).toBe(100_000);
    expect(socket.received.bytes.length).toBeGreaterThanOrEqual(100_000);
  });

  test('other errors are told, and nothing stays open', () => {
    {
      using socket = open();
      libc.sendErrors.push('EPERM');
      expect(() => socket.send(message(1, 0, 1))).toThrow('sending a request through netlink failed: error 1');
      libc.readings.push('ENOMEM');
      expect(() => socket.receive()).toThrow('error 12');
    }
    libc.refusedOptions.add(12);
    expect(open).toThrow('setting socket option 12');
    expect(libc.open).toEqual(new Set());
  });

  test('where the receive buffer must not be forced, it is asked for', () => {
    libc.refusedOptions.add(33);
    using _socket = open();
    libc.refusedOptions.add(8);
    expect(open).toThrow('setting the receive buffer');
  });
});

describe('netlink requests', () => {
  let libc: ScriptedLibc;
  let rtnetlink: Rtnetlink;
  beforeEach(() => {
    libc = new ScriptedLibc();
    rtnetlink = new Rtnetlink(libc);
  });

  test.each([5, 3_000])('%i changes: each failure has its index, and only the last is acknowledged', async (count) => {
    refuseOdd(libc);
    const items = Array.from({ length: count }, (_, at) => at);
    const failures = await rtnetlink.change(items, (item) => {
      if (item % 5 === 0) return 'is a multiple of five';
      return item % 5 === 1 ? undefined : numbered(item);
    });
    const expected = items.flatMap((index) => {
      if (index % 5 === 0) return [{ index, errno: 0, reason: 'is a multiple of five' }];
      return index % 5 !== 1 && index % 2 === 1 ? [{ index, errno: 17, reason: 'error 17' }] : [];
    });
    expect(failures).toEqual(expected);
    for (const octets of libc.sent) {
      const acknowledged = [...messagesIn(octetsOf(octets), octets.length)].map(({ flags }) => (flags & 4) !== 0);
      expect(acknowledged.lastIndexOf(true)).toBe(acknowledged.length - 1);
      expect(acknowledged.indexOf(true)).toBe(acknowledged.length - 1);
      expect(octets.length).toBeLessThan(64 * 1024);
    }
    rtnetlink[Symbol.dispose]();
    expect(libc.open).toEqual(new Set());
  });

  test('nothing to send is not sent', async () => {
    expect(await rtnetlink.change([1, 2], () => undefined)).toEqual([]);
    expect(await rtnetlink.change([], numbered)).toEqual([]);
    expect(libc.sent).toEqual([]);
  });

  test('after a lost answer the next request has a fresh socket', async () => {
    const failure = await failureOf(rtnetlink.change([2], numbered));
    expect(hasErrorCode(failure, 'netlink.failed')).toBe(true);
    expect(libc.open).toEqual(new Set());
    refuseOdd(libc);
    expect(await rtnetlink.change([2, 3], numbered)).toEqual([{ index: 1, errno: 17, reason: 'error 17' }]);
  });

  test('late answers to others are passed over', async () => {
    libc.onSent = (octets) => {
      const [sequence = 0] = sequencesIn(octets);
      libc.readings.push(message(NLMSG_ERROR, 0, sequence + 7, [-1]), message(NLMSG_ERROR, 0, sequence, [0]));
    };
    expect(await rtnetlink.change([2], numbered)).toEqual([]);
  });

  const words = {
    type: 18,
    write: () => undefined,
    read: ({ view }: { view: DataView }, start: number) => view.getUint32(start, LITTLE_ENDIAN),
  };

  test('a dump that was interrupted, or lost, is made again', async () => {
    const answers = [
      [message(16, 0, 0, [1]), message(16, DUMP_INTERRUPTED, 0, [2])],
      [message(16, 0, 0, [1]), 'ENOBUFS' as const],
      [message(16, 0, 0, [3]), message(16, 0, 0, [4]), message(NLMSG_DONE, 0, 0, [0])],
    ];
    libc.onSent = () => libc.readings.splice(0, libc.readings.length, ...(answers.shift() ?? []));
    expect(await rtnetlink.dump(words)).toEqual([3, 4]);
    expect(libc.open).toEqual(new Set());
  });

  test('a dump that never settles, is refused, or is not answered, fails', async () => {
    libc.onSent = () => libc.readings.push(message(NLMSG_DONE, DUMP_INTERRUPTED, 0, [0]));
    expect(await failureOf(rtnetlink.dump(words))).toMatchObject({ code: 'netlink.failed' });
    libc.onSent = () => libc.readings.push(message(NLMSG_ERROR, 0, 0, [-1]));
    expect(await failureOf(rtnetlink.dump(words))).toMatchObject({ details: { errno: 1, reason: 'error 1' } });
    libc.onSent = () => undefined;
    expect(await failureOf(rtnetlink.dump(words))).toMatchObject({ code: 'netlink.failed' });
    libc.onSent = () => libc.readings.push(message(NLMSG_DONE, 0, 0, [-2]));
    expect(await rtnetlink.dump({ ...words, emptyErrno: new Set([2]) })).toEqual([]);
    expect(libc.open).toEqual(new Set());
  });

  test('a disposed connection says so', async () => {
    rtnetlink[Symbol.dispose]();
    expect(await failureOf(rtnetlink.change([2], numbered))).toMatchObject({ code: 'netlink.closed' });
    expect(await failureOf(rtnetlink.dump({ ...words, read: readLink }))).toMatchObject({ code: 'netlink.closed' });
  });
});

describe('interface names', () => {
  test('are asked for when they are used; what Linux would not take is not asked for', () => {
    const names = new InterfaceNames(new ScriptedLibc());
    expect(names.indexOf('tap1')).toBe(3);
    expect(names.nameOf(3)).toBe('tap1');
    expect(names.nameOf(4)).toBeUndefined();
    for (const name of ['tap1\0x', 'tap1:1', 'tap 1', 'a/b', '.', '..', '', 'sixteen-octets-x']) {
      expect(names.indexOf(name)).toBeUndefined();
    }
  });

  test('are remembered for as long as one wants, absent ones too', () => {
    const asked: string[] = [];
    const ask = remembered((key: string) => {
      asked.push(key);
      return key === 'absent' ? undefined : key.length;
    });
    expect([ask('absent'), ask('tap1'), ask('absent'), ask('tap1')]).toEqual([undefined, 4, undefined, 4]);
    expect(asked).toEqual(['absent', 'tap1']);
  });
});

test('where there is no netlink, the platform is named', async () => {
  const onDarwin = await failureOf(loadLibc(undefined, 'darwin'));
  expect(onDarwin).toMatchObject({ code: 'netlink.unavailable', details: { platform: `darwin-${process.arch}` } });
  const withoutBuild = await failureOf(loadLibc(() => Promise.reject(new Error('no native module')), 'linux'));
  expect(withoutBuild).toMatchObject({ code: 'netlink.unavailable', details: { reason: 'no native module' } });
});
