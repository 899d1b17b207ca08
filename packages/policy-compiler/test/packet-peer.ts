/**
 * Runs in the network namespace of an instance or of an outside host, as a child of a kernel test: sends and receives
 * UDP datagrams. One JSON object a line, in and out.
 */
import { createSocket, type Socket } from 'node:dgram';
import { createInterface } from 'node:readline';

export type PeerCommand =
  | { readonly op: 'listen'; readonly family: 4 | 6; readonly port: number; readonly address?: string }
  | {
      readonly op: 'send';
      readonly family: 4 | 6;
      /** Source; the kernel's choice if left out. */
      readonly address?: string;
      readonly sourcePort: number;
      readonly to: string;
      readonly port: number;
      readonly payload: string;
    }
  /** Sends to a port that nobody listens at, and reports whether an ICMP error came back. */
  | { readonly op: 'expect-refusal'; readonly family: 4 | 6; readonly to: string; readonly port: number };

export type PeerEvent =
  | { readonly event: 'listening'; readonly family: 4 | 6; readonly port: number }
  | { readonly event: 'refused'; readonly to: string; readonly port: number }
  | { readonly event: 'sent'; readonly payload: string; readonly error?: string }
  | {
      readonly event: 'received';
      readonly payload: string;
      readonly from: string;
      readonly fromPort: number;
      readonly port: number;
    };

const sockets = new Map<string, Promise<Socket>>();

function report(event: PeerEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

/** A bound socket, kept: what is sent to it is reported. */
function socketAt(family: 4 | 6, port: number, address: string | undefined): Promise<Socket> {
  const id = `${family} ${port} ${address ?? ''}`;
  const known = sockets.get(id);
  if (known !== undefined) return known;
  const made = new Promise<Socket>((resolve, reject) => {
    const socket = createSocket(family === 4 ? { type: 'udp4' } : { type: 'udp6', ipv6Only: true });
    socket.on('message', (message, remote) => {
      report({ event: 'received', payload: message.toString(), from: remote.address, fromPort: remote.port, port });
    });
    socket.once('error', reject);
    socket.bind({ port, ...(address === undefined ? {} : { address }) }, () => resolve(socket));
  });
  sockets.set(id, made);
  return made;
}

async function run(command: PeerCommand): Promise<void> {
  if (command.op === 'listen') {
    await socketAt(command.family, command.port, command.address);
    report({ event: 'listening', family: command.family, port: command.port });
    return;
  }
  if (command.op === 'expect-refusal') {
    const { family, to, port } = command;
    const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
    socket.on('error', () => report({ event: 'refused', to, port }));
    socket.connect(port, to, () => socket.send('anybody there?'));
    return;
  }
  const { family, address, sourcePort, to, port, payload } = command;
  const socket = await socketAt(family, sourcePort, address);
  socket.send(payload, port, to, (error) => {
    report({ event: 'sent', payload, ...(error === null ? {} : { error: String(error) }) });
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const command: PeerCommand = JSON.parse(line);
  await run(command);
}
