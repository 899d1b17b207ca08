/** BFD control packets (RFC 5880 4.1) as far as a minimal peer needs them, written here and not taken from the speaker. */

export const BFD_PORT = 3784;
export const BFD_STATE = { down: 1, init: 2, up: 3 } as const;
const POLL = 0x20;
const FINAL = 0x10;

export interface BfdControl {
  readonly state: number;
  readonly poll: boolean;
  readonly final: boolean;
  readonly myDiscriminator: number;
  readonly yourDiscriminator: number;
  readonly desiredMinTxUs: number;
  readonly requiredMinRxUs: number;
  readonly multiplier: number;
}

/** 24 octets, without authentication. */
export function bfdOctets(packet: BfdControl): Buffer {
  const octets = Buffer.alloc(24);
  octets[0] = 1 << 5;
  octets[1] = (packet.state << 6) | (packet.poll ? POLL : 0) | (packet.final ? FINAL : 0);
  octets[2] = packet.multiplier;
  octets[3] = octets.length;
  octets.writeUInt32BE(packet.myDiscriminator, 4);
  octets.writeUInt32BE(packet.yourDiscriminator, 8);
  octets.writeUInt32BE(packet.desiredMinTxUs, 12);
  octets.writeUInt32BE(packet.requiredMinRxUs, 16);
  return octets;
}

export function readBfd(octets: Buffer): BfdControl {
  const flags = octets.readUInt8(1);
  return {
    state: flags >>> 6,
    poll: (flags & POLL) !== 0,
    final: (flags & FINAL) !== 0,
    multiplier: octets.readUInt8(2),
    myDiscriminator: octets.readUInt32BE(4),
    yourDiscriminator: octets.readUInt32BE(8),
    desiredMinTxUs: octets.readUInt32BE(12),
    requiredMinRxUs: octets.readUInt32BE(16),
  };
}
