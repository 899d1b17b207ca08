/**
 * A minimal BGP peer as a program, driven over node's IPC channel (wire-peer-messages.ts); its settings are the first
 * argument, as JSON. It opens the TCP connection itself, and again until it is accepted, whatever the daemon's timers.
 */
import { connect, type Socket } from 'node:net';
import { MessageReader } from './message-reader.ts';
import { HostPrefixSet } from './prefix-store.ts';
import {
  KEEPALIVE_TYPE,
  keepaliveMessage,
  NOTIFICATION_TYPE,
  OPEN_TYPE,
  openMessage,
  tableOctets,
} from './wire-messages.ts';
import type { WirePeerCommand, WirePeerEvent, WirePeerSettings } from './wire-peer-messages.ts';

const RETRY_MS = 50;
const KEEPALIVE_MS = 20_000;
/** Chunks with more new prefixes are of a table, and not reported one by one. */
const FEW_PREFIXES = 16;

const settings = JSON.parse(process.argv[2] ?? '{}') as WirePeerSettings;
let socket: Socket | undefined;
let prefixes = new HostPrefixSet();
let reader = new MessageReader(prefixes);
let established = false;
let expected: number | undefined;
let updates = 0;
let octets = 0;

const now = () => performance.timeOrigin + performance.now();
const tell = (event: WirePeerEvent) => process.send?.(event);

function open(): void {
  prefixes = new HostPrefixSet();
  reader = new MessageReader(prefixes);
  established = false;
  updates = 0;
  octets = 0;
  const current = connect({ host: settings.daemonAddress, port: 179, localAddress: settings.address, noDelay: true });
  socket = current;
  current.on('connect', () => current.write(openMessage(settings)));
  current.on('data', (chunk: Buffer) => receive(current, chunk));
  current.on('error', () => undefined);
  current.on('close', () => {
    if (socket === current) setTimeout(open, RETRY_MS);
    else tell({ event: 'closed' });
  });
}

function receive(current: Socket, chunk: Buffer): void {
  const before = prefixes.size;
  const read = reader.push(chunk);
  for (const type of read.types) {
    if (type === OPEN_TYPE) current.write(keepaliveMessage());
    if (type === NOTIFICATION_TYPE) current.destroy();
    if (type !== KEEPALIVE_TYPE || established) continue;
    established = true;
    tell({ event: 'established', atMs: now() });
  }
  updates += read.updates;
  octets += read.octets;
  const added = prefixes.size - before;
  if (added > 0 && added <= FEW_PREFIXES) {
    tell({
      event: 'arrived',
      atMs: now(),
      addresses: [...prefixes.addresses].slice(before).map((address) => address >>> 0),
    });
  }
  if (expected !== undefined && prefixes.size >= expected) {
    expected = undefined;
    tell({ event: 'received', atMs: now(), updates, octets });
  }
}

process.on('message', (command: WirePeerCommand) => {
  switch (command.op) {
    case 'open':
      expected = command.expect;
      open();
      return;
    case 'expect':
      updates = 0;
      octets = 0;
      expected = command.count;
      return;
    case 'send-table':
    case 'send-singles': {
      const perMessage = command.op === 'send-singles' ? 1 : undefined;
      const table = tableOctets(settings, command.first, command.count, perMessage);
      tell({ event: 'sent', atMs: now() });
      socket?.write(table);
      return;
    }
    case 'close': {
      const current = socket;
      socket = undefined;
      current?.destroy();
      return;
    }
  }
});
setInterval(() => established && socket?.write(keepaliveMessage()), KEEPALIVE_MS);
