import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { SystemClock, silentLogger } from '@slash32/shared';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BgpListener } from '../../src/session/bgp-listener.ts';
import type { AdmittedPeer, IncomingConnection } from '../../src/session/transport.ts';
import { waitUntil } from '../lab/wait-until.ts';

const run = promisify(execFile);
/** How long a SYN that is not answered may have to prove that it was not. */
const SILENCE_MS = 400;

let listener: BgpListener;
let taken: IncomingConnection[];
let sockets: Socket[];

beforeAll(async () => {
  await run('ip', ['link', 'set', 'lo', 'up']);
});

beforeEach(() => {
  taken = [];
  sockets = [];
  listener = new BgpListener({
    address: '127.0.0.1',
    port: 0,
    clock: new SystemClock(),
    logger: silentLogger,
    onConnection: (incoming) => taken.push(incoming),
  });
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const incoming of taken) incoming.refuse();
  await listener[Symbol.asyncDispose]();
});

/** A router on the loopback. */
function call(): Socket {
  const socket = connect({ host: '127.0.0.1', port: listener.port });
  sockets.push(socket);
  socket.on('error', () => undefined);
  return socket;
}

const range = (protection: AdmittedPeer['protection'] = {}): AdmittedPeer => ({
  name: 'tors',
  address: '127.0.0.0',
  prefixLength: 8,
  protection,
});

describe('a router that calls before peers are known', () => {
  it.each([
    ['without protection', {}],
    ['with TTL security', { minHopLimit: 1 }],
  ])('is answered once they are: %s', async (_what, protection) => {
    const socket = call();
    await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
    expect(socket.connecting).toBe(true);
    listener.admit([range(protection)]);
    await once(socket, 'connect');
    await waitUntil('taken', async () => taken.length === 1);
    expect(taken).toMatchObject([{ remoteAddress: '127.0.0.1' }]);
  });

  it('is not answered where it comes from too far away, or without the password', async () => {
    listener.admit([range({ minHopLimit: 255 })]);
    const far = call();
    await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
    expect(far.connecting).toBe(true);
    listener.admit([range({ md5Key: new TextEncoder().encode('secret') })]);
    const unsigned = call();
    await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
    expect(unsigned.connecting).toBe(true);
    expect(taken).toEqual([]);
  });
});
