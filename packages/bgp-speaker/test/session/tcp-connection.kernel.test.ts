import { execFileSync } from 'node:child_process';
import { createServer, type Server, type Socket } from 'node:net';
import { OutgoingTcp } from '@slash32/linux';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { TcpConnection } from '../../src/session/tcp-connection.ts';
import type { ConnectionListener } from '../../src/session/transport.ts';

const MESSAGE_OCTETS = 4096;

/** Each one differs from its neighbours. */
function message(index: number): Uint8Array {
  const octets = new Uint8Array(MESSAGE_OCTETS).fill(index & 0xff);
  new DataView(octets.buffer).setUint32(0, index);
  return octets;
}

describe('TcpConnection', () => {
  let server: Server;
  let remote: Socket;
  let connection: TcpConnection;
  let received: Buffer[];
  const listener = {
    onConnected: vi.fn<ConnectionListener['onConnected']>(),
    onData: vi.fn<ConnectionListener['onData']>(),
    onWritten: vi.fn<ConnectionListener['onWritten']>(),
    onClosed: vi.fn<ConnectionListener['onClosed']>(),
  };

  beforeAll(() => {
    execFileSync('ip', ['link', 'set', 'lo', 'up']);
  });

  beforeEach(async () => {
    vi.resetAllMocks();
    received = [];
    server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    await vi.waitFor(() => expect(server.address()).not.toBeNull());
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    connection = TcpConnection.connect(() => new OutgoingTcp({ address: '127.0.0.1', port }), '127.0.0.1', listener);
    remote = await accepted;
    remote.on('data', (chunk: Buffer) => received.push(chunk));
    remote.on('error', () => undefined);
    await vi.waitFor(() => expect(listener.onConnected).toHaveBeenCalled());
  });

  afterEach(() => {
    connection.abort();
    remote.destroy();
    server.close();
  });

  it('has what the kernel takes at once out of its hands when write returns, and says so later', async () => {
    remote.resume();
    connection.write(message(1));
    expect(connection.bufferedOctets).toBe(0);
    expect(listener.onWritten).not.toHaveBeenCalled();
    await vi.waitFor(() => expect(listener.onWritten).toHaveBeenCalledTimes(1));
    await vi.waitFor(() => expect(Buffer.concat(received).equals(message(1))).toBe(true));
  });

  it('keeps the order of everything when the peer does not read for a while', async () => {
    const count = 4_000;
    for (let index = 0; index < count; index += 1) connection.write(message(index));
    expect(connection.bufferedOctets).toBeGreaterThan(0);
    remote.resume();
    await vi.waitFor(
      () => expect(received.reduce((sum, { length }) => sum + length, 0)).toBe(count * MESSAGE_OCTETS),
      10_000,
    );
    await vi.waitFor(() => expect(connection.bufferedOctets).toBe(0));
    connection.write(message(count));
    await vi.waitFor(() => expect(received.at(-1)?.length).toBe(MESSAGE_OCTETS));
    const octets = Buffer.concat(received);
    for (let index = 0; index <= count; index += 1) {
      const at = index * MESSAGE_OCTETS;
      if (!octets.subarray(at, at + MESSAGE_OCTETS).equals(message(index)))
        expect.fail(`message ${index} is another one`);
    }
  });

  it('tells of a connection that the peer has reset, and takes writes until then and after', async () => {
    remote.resetAndDestroy();
    await vi.waitFor(() => {
      connection.write(message(1));
      expect(listener.onClosed).toHaveBeenCalledTimes(1);
    });
    connection.write(message(2));
  });

  it('sends nothing after close but what was written before', async () => {
    remote.resume();
    connection.write(message(1));
    connection.close();
    connection.write(message(2));
    await new Promise((resolve) => remote.once('end', resolve));
    expect(Buffer.concat(received).equals(message(1))).toBe(true);
    expect(listener.onClosed).not.toHaveBeenCalled();
  });
});
