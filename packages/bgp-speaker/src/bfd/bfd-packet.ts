/** Session states, numbered as on the wire (RFC 5880 4.1). */
export const BFD_STATES = ['AdminDown', 'Down', 'Init', 'Up'] as const;
export type BfdState = (typeof BFD_STATES)[number];

/** Diagnostic codes (RFC 5880 4.1). */
export const BFD_DIAGNOSTIC = {
  none: 0,
  controlDetectionTimeExpired: 1,
  echoFunctionFailed: 2,
  neighborSignaledSessionDown: 3,
  forwardingPlaneReset: 4,
  pathDown: 5,
  concatenatedPathDown: 6,
  administrativelyDown: 7,
  reverseConcatenatedPathDown: 8,
} as const;

const DIAGNOSTIC_TEXTS = [
  'No Diagnostic',
  'Control Detection Time Expired',
  'Echo Function Failed',
  'Neighbor Signaled Session Down',
  'Forwarding Plane Reset',
  'Path Down',
  'Concatenated Path Down',
  'Administratively Down',
  'Reverse Concatenated Path Down',
] as const;

/** The RFC's words for a diagnostic code. */
export function formatDiagnostic(code: number): string {
  return DIAGNOSTIC_TEXTS[code] ?? `diagnostic ${code}`;
}

/** Octets of a packet without authentication, and the least length of one with it (RFC 5880 6.8.6). */
export const BFD_PACKET_OCTETS = 24;
const MIN_AUTHENTICATED_OCTETS = 26;
const VERSION = 1;

/** A BFD Control packet without authentication section, intervals in microseconds. */
export interface BfdPacket {
  readonly diagnostic: number;
  readonly state: BfdState;
  readonly poll: boolean;
  readonly final: boolean;
  readonly controlPlaneIndependent: boolean;
  readonly demand: boolean;
  readonly detectMultiplier: number;
  readonly myDiscriminator: number;
  readonly yourDiscriminator: number;
  readonly desiredMinTxIntervalUs: number;
  readonly requiredMinRxIntervalUs: number;
  readonly requiredMinEchoRxIntervalUs: number;
}

/** Which rule of RFC 5880 6.8.6 a packet breaks. */
export type BfdPacketFault =
  | 'bad version'
  | 'bad length'
  | 'zero detect multiplier'
  | 'multipoint'
  | 'zero discriminator'
  | 'no discriminator in a session'
  | 'authentication';

export type BfdDecoding =
  | { readonly ok: true; readonly packet: BfdPacket }
  | { readonly ok: false; readonly fault: BfdPacketFault };

const FLAG = {
  poll: 0x20,
  final: 0x10,
  controlPlaneIndependent: 0x08,
  authentication: 0x04,
  demand: 0x02,
  multipoint: 0x01,
};

/**
 * Reads a BFD Control packet and applies the rules of RFC 5880 6.8.6 that need no session. Authentication is not in use
 * here, so a packet that has it is refused.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-----+---------+---+-+-+-+-+-+-+---------------+---------------+
 * |Vers |  Diag   |Sta|P|F|C|A|D|M|  Detect Mult  |    Length     |
 * +-----+---------+---+-+-+-+-+-+-+---------------+---------------+
 * |                       My Discriminator                        |
 * +---------------------------------------------------------------+
 * |                      Your Discriminator                       |
 * +---------------------------------------------------------------+
 * |             Desired Min TX Interval, microseconds             |
 * +---------------------------------------------------------------+
 * |            Required Min RX Interval, microseconds             |
 * +---------------------------------------------------------------+
 * |          Required Min Echo RX Interval, microseconds          |
 * +---------------------------------------------------------------+
 * ```
 */
export function decodeBfdPacket(octets: Uint8Array): BfdDecoding {
  if (octets.length < BFD_PACKET_OCTETS) return { ok: false, fault: 'bad length' };
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const first = view.getUint8(0);
  const flags = view.getUint8(1);
  const length = view.getUint8(3);
  const authenticated = (flags & FLAG.authentication) !== 0;
  if (first >> 5 !== VERSION) return { ok: false, fault: 'bad version' };
  if (length < (authenticated ? MIN_AUTHENTICATED_OCTETS : BFD_PACKET_OCTETS) || length > octets.length) {
    return { ok: false, fault: 'bad length' };
  }
  const packet: BfdPacket = {
    diagnostic: first & 0x1f,
    state: BFD_STATES[flags >> 6] ?? 'AdminDown',
    poll: (flags & FLAG.poll) !== 0,
    final: (flags & FLAG.final) !== 0,
    controlPlaneIndependent: (flags & FLAG.controlPlaneIndependent) !== 0,
    demand: (flags & FLAG.demand) !== 0,
    detectMultiplier: view.getUint8(2),
    myDiscriminator: view.getUint32(4),
    yourDiscriminator: view.getUint32(8),
    desiredMinTxIntervalUs: view.getUint32(12),
    requiredMinRxIntervalUs: view.getUint32(16),
    requiredMinEchoRxIntervalUs: view.getUint32(20),
  };
  if (packet.detectMultiplier === 0) return { ok: false, fault: 'zero detect multiplier' };
  if ((flags & FLAG.multipoint) !== 0) return { ok: false, fault: 'multipoint' };
  if (packet.myDiscriminator === 0) return { ok: false, fault: 'zero discriminator' };
  if (packet.yourDiscriminator === 0 && packet.state !== 'Down' && packet.state !== 'AdminDown') {
    return { ok: false, fault: 'no discriminator in a session' };
  }
  if (authenticated) return { ok: false, fault: 'authentication' };
  return { ok: true, packet };
}

/** The reverse of {@link decodeBfdPacket}; 24 octets. */
export function encodeBfdPacket(packet: BfdPacket): Uint8Array {
  const octets = new Uint8Array(BFD_PACKET_OCTETS);
  const view = new DataView(octets.buffer);
  view.setUint8(0, (VERSION << 5) | packet.diagnostic);
  view.setUint8(
    1,
    (BFD_STATES.indexOf(packet.state) << 6) |
      (packet.poll ? FLAG.poll : 0) |
      (packet.final ? FLAG.final : 0) |
      (packet.controlPlaneIndependent ? FLAG.controlPlaneIndependent : 0) |
      (packet.demand ? FLAG.demand : 0),
  );
  view.setUint8(2, packet.detectMultiplier);
  view.setUint8(3, BFD_PACKET_OCTETS);
  view.setUint32(4, packet.myDiscriminator);
  view.setUint32(8, packet.yourDiscriminator);
  view.setUint32(12, packet.desiredMinTxIntervalUs);
  view.setUint32(16, packet.requiredMinRxIntervalUs);
  view.setUint32(20, packet.requiredMinEchoRxIntervalUs);
  return octets;
}
