/** One end of a stream of numbered UDP packets, driven over node's IPC channel (packet-stream-messages.ts). */
import { createSocket } from 'node:dgram';
import type { PacketStreamCommand, PacketStreamEvent, PacketStreamSettings } from './packet-stream-messages.ts';

const settings = JSON.parse(process.argv[2] ?? '') as PacketStreamSettings;
const tell = (event: PacketStreamEvent) => process.send?.(event);
const socket = createSocket('udp4');
/** Sent so far. */
let sent = 0;
/** Numbers of those that came. */
const seen = new Set<number>();

function startSending({ from, to, port, perSecond }: Extract<PacketStreamSettings, { role: 'send' }>): void {
  socket.bind(0, from, () => {
    tell({ event: 'ready' });
    const startMs = performance.now();
    setInterval(() => {
      const due = Math.floor(((performance.now() - startMs) * perSecond) / 1000);
      for (; sent < due; sent += 1) {
        const octets = Buffer.alloc(64);
        octets.writeUInt32BE(sent);
        // No route for the moment is a lost packet like any other.
        socket.send(octets, port, to, () => undefined);
      }
    }, 1);
  });
}

function startCounting({ at, port }: Extract<PacketStreamSettings, { role: 'count' }>): void {
  socket.on('message', (octets) => seen.add(octets.readUInt32BE(0)));
  socket.bind(port, at, () => tell({ event: 'ready' }));
}

process.on('message', ({ from, to }: PacketStreamCommand) => {
  if (settings.role === 'send') return tell({ event: 'report', packets: sent });
  let packets = 0;
  for (let number = from; number < to; number += 1) if (seen.has(number)) packets += 1;
  return tell({ event: 'report', packets });
});
if (settings.role === 'send') startSending(settings);
else startCounting(settings);
