/**
 * Sends and receives UDP inside an instance; a program of its own, run in the instance's namespace.
 *
 *   traffic.ts echo PORT…              answers what it gets
 *   traffic.ts flow ADDRESS PORT MS    sends a numbered datagram every MS milliseconds (0: as fast as it can)
 *
 * Each line on standard input asks for the counts so far, `stop` also ends the sending; the answer is one JSON line.
 */
import { createSocket, type Socket } from 'node:dgram';
import { createInterface } from 'node:readline';
import type { TrafficCounts } from './traffic-process.ts';

const counts: { sent: number; received: number; receivedByPort: Record<string, number> } = {
  sent: 0,
  received: 0,
  receivedByPort: {},
};
let sending = true;
const [mode, ...rest] = process.argv.slice(2);

function answer(value: TrafficCounts | 'ready'): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function listen(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4_000_000 });
    socket.on('error', () => undefined);
    socket.on('message', (message, sender) => {
      counts.received += 1;
      counts.receivedByPort[port] = (counts.receivedByPort[port] ?? 0) + 1;
      if (mode === 'echo') socket.send(message, sender.port, sender.address);
    });
    socket.bind(port, () => resolve(socket));
  });
}

async function flow(address: string, port: number, intervalMs: number): Promise<void> {
  const socket = await listen(0);
  const burst = intervalMs === 0 ? 20 : 1;
  let number = 0;
  const send = (): void => {
    if (!sending) return;
    for (let index = 0; index < burst; index += 1) {
      number += 1;
      socket.send(String(number), port, address, (error) => {
        if (error === null) counts.sent += 1;
      });
    }
    if (intervalMs === 0) setImmediate(send);
    else setTimeout(send, intervalMs);
  };
  send();
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === 'stop') sending = false;
    answer(counts);
  })
  .on('close', () => process.exit(0));

if (mode === 'echo') await Promise.all(rest.map((port) => listen(Number(port))));
else await flow(rest[0] ?? '', Number(rest[1]), Number(rest[2]));
answer('ready');
