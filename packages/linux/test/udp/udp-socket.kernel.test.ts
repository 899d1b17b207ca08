import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ReceivedDatagram, UdpSocket, type UdpSocketOptions } from '../../src/udp/udp-socket.ts';

const run = promisify(execFile);
const HELLO = new TextEncoder().encode('hello');

let stack: DisposableStack;

async function ip(words: string): Promise<string> {
  return (await run('ip', words.split(' '))).stdout;
}

function open(options: UdpSocketOptions): UdpSocket {
  return stack.use(new UdpSocket(options));
}

/** Waits for one datagram and copies it. */
function next(socket: UdpSocket): Promise<ReceivedDatagram> {
  return new Promise((resolve) => {
    socket.watch(() => {
      const datagram = socket.receive();
      if (datagram !== undefined) resolve({ ...datagram, octets: datagram.octets.slice() });
    });
  });
}

beforeAll(async () => {
  stack = new DisposableStack();
  await ip('link set lo up');
  await ip('link add udp0 type veth peer name udp1');
  for (const device of ['udp0', 'udp1'])
    await run('sh', ['-c', `echo 0 > /proc/sys/net/ipv6/conf/${device}/accept_dad`]);
  await ip('link set udp0 up');
  await ip('link set udp1 up');
});

afterAll(async () => {
  stack.dispose();
  await ip('link del udp0');
});

describe('UdpSocket', () => {
  it.each([
    [4, '127.0.0.1'],
    [6, '::1'],
  ] as const)('tells hop limit, addresses and interface, IPv%i', async (family, loopback) => {
    const receiver = open({ family, port: 40_001 });
    const sender = open({ family, address: loopback, port: 40_002, hopLimit: 254, trafficClass: 0xc0 });
    const received = next(receiver);
    sender.send(HELLO, { address: loopback, port: 40_001 });
    expect(await received).toEqual({
      octets: HELLO,
      remoteAddress: loopback,
      remotePort: 40_002,
      localAddress: loopback,
      interfaceIndex: 1,
      hopLimit: 254,
    });
    expect(receiver.receive()).toBeUndefined();
  });

  it('reaches link-local addresses over its interface', async () => {
    const linkLocal = /inet6 (fe80::[^/]+)/;
    const [address0, address1] = [await ip('-6 addr show dev udp0'), await ip('-6 addr show dev udp1')].map(
      (text) => linkLocal.exec(text)?.[1] ?? '',
    );
    if (address0 === undefined || address1 === undefined) throw new Error('no link-local addresses');
    const receiver = open({ family: 6, port: 40_003 });
    const sender = open({ family: 6, address: address0, port: 0, device: 'udp0', hopLimit: 255 });
    const received = next(receiver);
    sender.send(HELLO, { address: address1, port: 40_003 });
    expect(await received).toMatchObject({ remoteAddress: address0, localAddress: address1, hopLimit: 255 });
    expect((await received).interfaceIndex).not.toBe(sender.interfaceIndex);
  });

  it('says what is in the way', () => {
    open({ family: 4, port: 40_004 });
    const code = (options: UdpSocketOptions) => {
      try {
        open(options);
        return 'opened';
      } catch (error) {
        return error instanceof Error && 'code' in error ? error.code : error;
      }
    };
    expect(code({ family: 4, port: 40_004 })).toBe('udp.port-in-use');
    expect(code({ family: 4, address: '203.0.113.77', port: 0 })).toBe('udp.failed');
    expect(() => open({ family: 6, port: 0, device: 'nosuch' })).toThrow('there is no interface nosuch');
    const sender = open({ family: 4, port: 0 });
    expect(() => sender.send(HELLO, { address: '198.51.100.1', port: 9 })).toThrow(
      'cannot send to 198.51.100.1 port 9: Network is unreachable',
    );
  });

  it('is silent once closed', () => {
    const socket = open({ family: 4, port: 0 });
    socket[Symbol.dispose]();
    expect(socket.receive()).toBeUndefined();
  });
});
