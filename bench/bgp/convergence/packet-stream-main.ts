/** One end of a stream of numbered UDP packets, driven over node's IPC channel (packet-stream-messages.ts). */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { PacketStreamCommand, PacketStreamEvent, PacketStreamSettings } from './packet-stream-messages.ts';

type SenderSettings = Extract<PacketStreamSettings, { role: 'send' }>;
type CounterSettings = Extract<PacketStreamSettings, { role: 'count' }>;

const settings = JSON.parse(process.argv[2] ?? '') as PacketStreamSettings;
const tell = (event: PacketStreamEvent) => process.send?.(event);
/** Sent so far. */
let sent = 0;
/** Numbers of those that came. */
const seen = new Set<number>();

async function startSending({ from, to, port, perSecond }: SenderSettings): Promise<(index: number) => void> {
  const sockets = await Promise.all(from.map((address) => boundSocket(0, address)));
  let [socket] = sockets;
  const startMs = performance.now();
  setInterval(() => {
    const due = Math.floor(((performance.now() - startMs) * perSecond) / 1000);
    for (; sent < due; sent += 1) {
      const octets = Buffer.alloc(64);
      octets.writeUInt32BE(sent);
      // No route for the moment is a lost packet like any other.
      socket?.send(octets, port, to, () => undefined);
    }
  }, 1);
  return (index) => {
    socket = sockets[index];
  };
}

async function startCounting({ at, port }: CounterSettings): Promise<void> {
  const socket = await boundSocket(port, at);
  socket.on('message', (octets) => seen.add(octets.readUInt32BE(0)));
}

async function boundSocket(port: number, address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(port, address);
  await once(socket, 'listening');
  return socket;
}

let use: ((index: number) => void) | undefined;
process.on('message', (command: PacketStreamCommand) => {
  if (command.op === 'use') {
    use?.(command.index);
    return;
  }
  if (settings.role === 'send') {
    tell({ event: 'report', packets: sent });
    return;
  }
  let packets = 0;
  for (let number = command.from; number < command.to; number += 1) if (seen.has(number)) packets += 1;
  tell({ event: 'report', packets });
});
if (settings.role === 'send') use = await startSending(settings);
else await startCounting(settings);
tell({ event: 'ready' });
