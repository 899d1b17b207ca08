/**
 * One minimal BGP peer that announces a table and several that count what they are told, as one program, driven over
 * node's IPC channel (relay-peers-messages.ts); its settings are the first argument, as JSON.
 */
import { connect, type Socket } from 'node:net';
import { MessageReader } from './message-reader.ts';
import { PrefixBitmap } from './prefix-store.ts';
import { HOSTS_WITHIN, realisticTable } from './realistic-table.ts';
import type { RelayPeersCommand, RelayPeersEvent, RelayPeersSettings } from './relay-peers-messages.ts';
import { KEEPALIVE_TYPE, keepaliveMessage, OPEN_TYPE, openMessage } from './wire-messages.ts';
import type { WirePeerSettings } from './wire-peer-messages.ts';

const RETRY_MS = 50;
const KEEPALIVE_MS = 20_000;

const now = () => performance.timeOrigin + performance.now();
const tell = (event: RelayPeersEvent) => process.send?.(event);

/** Sessions that were up and ended: a daemon that drops one during the measurement has not done it. */
let lostSessions = 0;

class Peer {
  readonly prefixes = new PrefixBitmap(HOSTS_WITHIN);
  established = false;
  updates = 0;
  octets = 0;
  socket: Socket | undefined;
  readonly #settings: WirePeerSettings;
  readonly #onProgress: () => void;

  constructor(settings: WirePeerSettings, onProgress: () => void) {
    this.#settings = settings;
    this.#onProgress = onProgress;
  }

  open(): void {
    const { daemonAddress: host, address: localAddress } = this.#settings;
    const reader = new MessageReader(this.prefixes);
    const socket = connect({ host, port: 179, localAddress, noDelay: true });
    this.socket = socket;
    socket.on('connect', () => socket.write(openMessage(this.#settings)));
    socket.on('data', (chunk: Buffer) => {
      const { types, updates, octets } = reader.push(chunk);
      if (types.includes(OPEN_TYPE)) socket.write(keepaliveMessage());
      if (types.includes(KEEPALIVE_TYPE)) this.established = true;
      this.updates += updates;
      this.octets += octets;
      this.#onProgress();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.established) lostSessions += 1;
      this.established = false;
      this.prefixes.clear();
      setTimeout(() => this.open(), RETRY_MS);
    });
  }
}

const settings = JSON.parse(process.argv[2] ?? '') as RelayPeersSettings;
let expected = Number.POSITIVE_INFINITY;
let waitsForSessions = true;
const source = new Peer(settings.source, look);
const receivers = settings.receivers.map((receiver) => new Peer(receiver, look));
const peers = [source, ...receivers];

function look(): void {
  if (waitsForSessions && peers.every(({ established }) => established)) {
    waitsForSessions = false;
    tell({ event: 'established' });
  }
  if (receivers.some(({ prefixes }) => prefixes.size < expected)) return;
  expected = Number.POSITIVE_INFINITY;
  tell({ event: 'received', atMs: now(), updates: receivers[0]?.updates ?? 0, octets: receivers[0]?.octets ?? 0 });
}

process.on('message', (command: RelayPeersCommand) => {
  switch (command.op) {
    case 'open':
      for (const peer of peers) peer.open();
      return;
    case 'send': {
      const table = realisticTable(settings.source, command.first, command.count);
      expected = receivers.length > 0 ? command.expect : Number.POSITIVE_INFINITY;
      tell({ event: 'sent', atMs: now() });
      source.socket?.write(table);
      return;
    }
    case 'progress':
      tell({ event: 'progress', prefixes: receivers.map(({ prefixes }) => prefixes.size), lostSessions });
      return;
  }
});
setInterval(() => {
  for (const { established, socket } of peers) if (established) socket?.write(keepaliveMessage());
}, KEEPALIVE_MS);
