import type { BgpCapturedMessage } from '@slash32/shared';
import { encodeTcpPacket, type TcpEndpoint } from './tcp-packet.ts';

type Connection = BgpCapturedMessage['connection'];

/** Octets per segment; the longest messages take two. */
const MAX_SEGMENT_OCTETS = 32_768;
const BGP_PORT = 179;
/** Stands for the port of the end that opened the connection, where the speaker does not tell. */
const UNKNOWN_PORT = 65_535;

/**
 * Gives messages the packets that they might have come in: one per message, with the sequence numbers that follow from
 * the messages before. The connections begin in the middle, as a capture that came late does.
 */
export class ConnectionPackets {
  /** Next sequence numbers of both ends, by connection. */
  readonly #sequences = new Map<string, { sent: number; received: number }>();

  packetsOf({ connection, direction, octets }: BgpCapturedMessage): readonly Uint8Array[] {
    const [local, remote] = endpoints(connection);
    const id = `${local.address} ${local.port} ${remote.address} ${remote.port}`;
    let sequences = this.#sequences.get(id);
    if (sequences === undefined) {
      sequences = { sent: 1, received: 1 };
      this.#sequences.set(id, sequences);
    }
    const message = Buffer.from(octets, 'base64');
    const packets: Uint8Array[] = [];
    for (let at = 0; at < message.length; at += MAX_SEGMENT_OCTETS) {
      const payload = message.subarray(at, at + MAX_SEGMENT_OCTETS);
      const sequence = sequences[direction];
      const acknowledgement = sequences[direction === 'sent' ? 'received' : 'sent'];
      const [from, to] = direction === 'sent' ? [local, remote] : [remote, local];
      packets.push(encodeTcpPacket({ from, to, sequence, acknowledgement, payload }));
      sequences[direction] = (sequence + payload.length) % 2 ** 32;
    }
    return packets;
  }
}

function endpoints(connection: Connection): readonly [TcpEndpoint, TcpEndpoint] {
  const { localAddress, remoteAddress, initiator } = connection;
  const localPort = connection.localPort ?? (initiator === 'local' ? UNKNOWN_PORT : BGP_PORT);
  const remotePort = connection.remotePort ?? (initiator === 'local' ? BGP_PORT : UNKNOWN_PORT);
  return [
    { address: localAddress, port: localPort },
    { address: remoteAddress, port: remotePort },
  ];
}
