import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { FabricError } from '@slash32/shared';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OutgoingTcp, type OutgoingTcpOptions } from '../../src/tcp/outgoing-tcp.ts';
import { type IncomingTcp, TcpListener } from '../../src/tcp/tcp-listener.ts';

const run = promisify(execFile);
const key = (text: string) => new TextEncoder().encode(text);
/** How long a segment that is dropped may have to prove that it was not. */
const SILENCE_MS = 400;

let stack: DisposableStack;

beforeAll(async () => {
  await run('ip', ['link', 'set', 'lo', 'up']);
});

beforeEach(() => {
  stack = new DisposableStack();
});

afterEach(() => {
  stack.dispose();
});

function listen(address = '::', hopLimit?: number): TcpListener {
  return stack.use(new TcpListener({ address, port: 0, backlog: 8, ...(hopLimit === undefined ? {} : { hopLimit }) }));
}

/** `connected`, `silent`, or the code of the failure. */
async function attempt(options: OutgoingTcpOptions): Promise<string> {
  const outgoing = stack.use(new OutgoingTcp(options));
  const settled = new Promise<string>((resolve) => {
    outgoing.onSettled((failure) => resolve(failure === undefined ? 'connected' : failure.message));
  });
  const silence = new Promise<string>((resolve) => setTimeout(() => resolve('silent'), SILENCE_MS));
  return Promise.race([settled, silence]);
}

function accepted(listener: TcpListener): Promise<IncomingTcp> {
  return new Promise((resolve) => {
    listener.watch(() => {
      const incoming = listener.accept();
      if (incoming !== undefined) resolve(stack.use(incoming));
    });
  });
}

/** node's socket on a descriptor. */
function wrap(descriptor: number): Socket {
  return stack.adopt(new Socket({ fd: descriptor }), (socket) => socket.destroy());
}

function next(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('data', (chunk) => resolve(chunk.toString()));
    socket.once('error', reject);
  });
}

const LOOPBACKS = [
  [4, '127.0.0.1'],
  [6, '::1'],
] as const;

describe.each(LOOPBACKS)('TCP over IPv%i', (family, address) => {
  it('carries octets both ways through node’s sockets', async () => {
    const listener = listen();
    const incoming = accepted(listener);
    const outgoing = stack.use(new OutgoingTcp({ address, localAddress: address, port: listener.port }));
    await new Promise<void>((resolve, reject) => {
      outgoing.onSettled((failure) => (failure === undefined ? resolve() : reject(failure)));
    });
    const server = await incoming;
    expect(server).toMatchObject({ remoteAddress: address, localAddress: address });
    expect(server.device).toBeUndefined();
    const [left, right] = [wrap(outgoing.detach()), wrap(server.detach())];
    const [atLeft, atRight] = [next(left), next(right)];
    left.write('ping');
    expect(await atRight).toBe('ping');
    right.write('pong');
    expect(await atLeft).toBe('pong');
    expect([left.remoteAddress, left.remotePort]).toEqual([address, listener.port]);
  });

  it('tells that nobody listens', async () => {
    const { port } = listen();
    stack.dispose();
    stack = new DisposableStack();
    expect(await attempt({ address, port })).toBe(`cannot connect to ${address} port ${port}: Connection refused`);
  });

  it('connects with the right key only, and with the new one once the listener has it', async () => {
    const listener = listen();
    const { port } = listener;
    listener.setMd5Key({ address }, key('old'));
    expect(await attempt({ address, port })).toBe('silent');
    expect(await attempt({ address, port, md5Key: key('new') })).toBe('silent');
    expect(await attempt({ address, port, md5Key: key('old') })).toBe('connected');
    listener.setMd5Key({ address }, key('new'));
    expect(await attempt({ address, port, md5Key: key('old') })).toBe('silent');
    expect(await attempt({ address, port, md5Key: key('new') })).toBe('connected');
    listener.setMd5Key({ address }, undefined);
    listener.setMd5Key({ address }, undefined);
    expect(await attempt({ address, port })).toBe('connected');
  });

  it('has keys for whole prefixes', async () => {
    const listener = listen();
    const { port } = listener;
    listener.setMd5Key({ address, prefixLength: 8 }, key('all'));
    expect(await attempt({ address, port })).toBe('silent');
    expect(await attempt({ address, port, md5Key: key('all') })).toBe('connected');
  });

  it('says when there is no room for more keys, and what makes some', () => {
    const listener = listen();
    const setMany = (): void => {
      for (let index = 0; index < 65_536; index += 1) {
        const peer = family === 4 ? `10.1.${index >> 8}.${index & 255}` : `2001:db8::${index.toString(16)}`;
        listener.setMd5Key({ address: peer }, key('x'));
      }
    };
    expect(setMany).toThrow(
      expect.objectContaining({ code: 'tcp.md5-no-room', message: expect.stringContaining('optmem_max') }),
    );
  });

  it('does not even answer a near peer that is too far away', async () => {
    const listener = listen('::', 255);
    const { port } = listener;
    listener.setNearPeers([{ address, minHopLimit: 255 }]);
    expect(await attempt({ address, port, hopLimit: 254 })).toBe('silent');
    expect(await attempt({ address, port, hopLimit: 255, minHopLimit: 255 })).toBe('connected');
    listener.setNearPeers([{ address, minHopLimit: 254 }]);
    expect(await attempt({ address, port, hopLimit: 254 })).toBe('connected');
    listener.setNearPeers([]);
    listener.setNearPeers([]);
    expect(await attempt({ address, port, hopLimit: 1 })).toBe('connected');
  });

  it('does not hear a far answer', async () => {
    const { port } = listen('::', 254);
    expect(await attempt({ address, port, minHopLimit: 255 })).toBe('silent');
    expect(await attempt({ address, port, minHopLimit: 254 })).toBe('connected');
  });

  it('sets what an accepted connection sends and takes', async () => {
    const listener = listen('::', 255);
    const incoming = accepted(listener);
    const outgoing = stack.use(new OutgoingTcp({ address, port: listener.port, hopLimit: 254, minHopLimit: 255 }));
    const connected = new Promise<unknown>((resolve) => outgoing.onSettled(resolve));
    const server = await incoming;
    expect(await connected).toBeUndefined();
    server.protect({ hopLimit: 255, minHopLimit: 255 });
    const [left, right] = [wrap(outgoing.detach()), wrap(server.detach())];
    const [atLeft, atRight] = [next(left), next(right)];
    right.write('near enough');
    expect(await atLeft).toBe('near enough');
    left.write('too far away');
    const silence = new Promise((resolve) => setTimeout(() => resolve('silent'), SILENCE_MS));
    expect(await Promise.race([atRight, silence])).toBe('silent');
  });
});

describe('TCP sockets', () => {
  it('say what is in the way', () => {
    const { port } = listen();
    const code = (make: () => Disposable) => {
      try {
        stack.use(make());
        return 'made';
      } catch (error) {
        return error instanceof FabricError ? error.code : error;
      }
    };
    expect(code(() => new TcpListener({ address: '::', port, backlog: 1 }))).toBe('tcp.port-in-use');
    expect(code(() => new TcpListener({ address: '203.0.113.9', port: 0, backlog: 1 }))).toBe('tcp.failed');
    expect(code(() => new OutgoingTcp({ address: '198.51.100.1', port: 1 }))).toBe('tcp.failed');
    expect(code(() => new OutgoingTcp({ address: '127.0.0.1', port: 1, md5Key: new Uint8Array(81) }))).toBe(
      'tcp.md5-key-length',
    );
    expect(() => new OutgoingTcp({ address: 'fe80::1', port: 1, device: 'nosuch' })).toThrow(
      'there is no interface nosuch',
    );
  });

  it('know whom they serve', () => {
    expect(['192.0.2.1', '2001:db8::1'].map((peer) => listen('::').serves(peer))).toEqual([true, true]);
    expect(['192.0.2.1', '2001:db8::1'].map((peer) => listen('0.0.0.0').serves(peer))).toEqual([true, false]);
    expect(['192.0.2.1', '2001:db8::1'].map((peer) => listen('::1').serves(peer))).toEqual([false, true]);
    expect(() => listen('0.0.0.0').setMd5Key({ address: '2001:db8::1' }, key('x'))).toThrow('cannot set the MD5 key');
  });

  it('leave no descriptor behind, however they end', async () => {
    const listener = listen();
    const { port } = listener;
    const round = async () => {
      const incoming = accepted(listener);
      using outgoing = new OutgoingTcp({ address: '127.0.0.1', port });
      (await incoming)[Symbol.dispose]();
      using _unsettled = new OutgoingTcp({ address: '127.0.0.1', port: 1 });
      expect(() => new OutgoingTcp({ address: '198.51.100.1', port: 1 })).toThrow();
      expect(() => new OutgoingTcp({ address: '127.0.0.1', port, md5Key: new Uint8Array(99) })).toThrow();
      expect(() => new TcpListener({ address: '::', port, backlog: 1 })).toThrow();
      await new Promise<void>((resolve) => outgoing.onSettled(() => resolve()));
      const socket = new Socket({ fd: outgoing.detach() });
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.destroy();
      await closed;
    };
    await round();
    const before = readdirSync('/proc/self/fd').length;
    for (let index = 0; index < 20; index += 1) await round();
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });
});
