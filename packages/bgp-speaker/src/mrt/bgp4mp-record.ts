import type { BgpSessionState } from '@slash32/shared';
import { addressOctets } from '../codec/address-octets.ts';
import { twoOctetAsNumber } from '../codec/index.ts';
import { OctetWriter } from '../codec/octet-writer.ts';
import { BGP4MP, encodeMrtRecord, MRT_TYPE } from './mrt-record.ts';

/** The session that a record is about. */
export interface Bgp4mpSession {
  readonly peerAsNumber: number;
  readonly localAsNumber: number;
  readonly peerAddress: string;
  /** Of the same family as `peerAddress`; empty: not known yet, written as zero. */
  readonly localAddress: string;
}

export interface Bgp4mpMessage {
  readonly session: Bgp4mpSession;
  readonly wallMs: number;
  readonly direction: 'sent' | 'received';
  /** AS numbers in the message have four octets; true for messages without any. */
  readonly fourOctetAs: boolean;
  /** NLRI in the message, of one family at least, have Path Identifiers. */
  readonly addPath: boolean;
  /** The whole BGP message. */
  readonly octets: Uint8Array;
}

/** By RFC 6396 4.4.1. */
const STATE_NUMBER = {
  Idle: 1,
  Connect: 2,
  Active: 3,
  OpenSent: 4,
  OpenConfirm: 5,
  Established: 6,
} as const satisfies Record<BgpSessionState, number>;

/** BGP4MP_STATE_CHANGE_AS4, with microseconds. */
export function encodeStateChange(
  session: Bgp4mpSession,
  wallMs: number,
  before: BgpSessionState,
  after: BgpSessionState,
): Uint8Array {
  const body = sessionFields(session, 4).uint16(STATE_NUMBER[before]).uint16(STATE_NUMBER[after]);
  return encodeMrtRecord(MRT_TYPE.bgp4mpEt, BGP4MP.stateChangeAs4, wallMs, body.finish());
}

/** BGP4MP_MESSAGE in the variant that tells how to read the message, with microseconds. */
export function encodeMessage(message: Bgp4mpMessage): Uint8Array {
  const { session, wallMs, fourOctetAs, octets } = message;
  const body = sessionFields(session, fourOctetAs ? 4 : 2).bytes(octets);
  return encodeMrtRecord(MRT_TYPE.bgp4mpEt, messageSubtype(message), wallMs, body.finish());
}

function messageSubtype({ direction, fourOctetAs, addPath }: Bgp4mpMessage): number {
  if (direction === 'received') {
    if (addPath) return fourOctetAs ? BGP4MP.messageAs4AddPath : BGP4MP.messageAddPath;
    return fourOctetAs ? BGP4MP.messageAs4 : BGP4MP.message;
  }
  if (addPath) return fourOctetAs ? BGP4MP.messageAs4LocalAddPath : BGP4MP.messageLocalAddPath;
  return fourOctetAs ? BGP4MP.messageAs4Local : BGP4MP.messageLocal;
}

/**
 * ```
 * +---------------+----------------+---------------+---------+-----------------------+------------------------+
 * | Peer AS (2/4) | Local AS (2/4) | Interface (2) | AFI (2) | Peer address (4 / 16) | Local address (4 / 16) |
 * +---------------+----------------+---------------+---------+-----------------------+------------------------+
 * ```
 */
function sessionFields(session: Bgp4mpSession, asOctets: 2 | 4): OctetWriter {
  const peer = addressOctets(session.peerAddress, 'MRT peer address');
  const local =
    session.localAddress === ''
      ? new Uint8Array(peer.length)
      : addressOctets(session.localAddress, 'MRT local address');
  const writer = new OctetWriter();
  for (const asNumber of [session.peerAsNumber, session.localAsNumber]) {
    if (asOctets === 4) writer.uint32(asNumber);
    else writer.uint16(twoOctetAsNumber(asNumber));
  }
  const afi = peer.length === 4 ? 1 : 2;
  return writer.uint16(0).uint16(afi).bytes(peer).bytes(local);
}
