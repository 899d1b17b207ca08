import { addressOctets, dottedQuadOctets } from '../codec/address-octets.ts';
import { OctetWriter } from '../codec/octet-writer.ts';

/** RFC 7854 4.1. */
export const BMP_VERSION = 3;

/** RFC 7854 4.1. */
export const BMP_TYPE = {
  routeMonitoring: 0,
  statisticsReport: 1,
  peerDown: 2,
  peerUp: 3,
  initiation: 4,
  termination: 5,
} as const;

/**
 * Bits of the Peer Flags (RFC 7854 4.2, RFC 8671 4). The A flag is never set: what we encode has AS numbers of four octets.
 */
export const PEER_FLAG = { ipv6: 0x80, postPolicy: 0x40, adjRibOut: 0x10 } as const;

/** Peer Type of Loc-RIB (RFC 9069 4.1). */
export const LOC_RIB_PEER_TYPE = 3;

const HEADER_OCTETS = 6;

/** The peer that a message is about (RFC 7854 4.2). */
export interface BmpPeer {
  /** Absent: a global instance peer. */
  readonly type?: typeof LOC_RIB_PEER_TYPE;
  readonly address: string;
  readonly asNumber: number;
  /** Dotted quad. */
  readonly routerId: string;
  readonly wallMs: number;
}

/** Why a session ended (RFC 7854 4.9). `octets`: the whole NOTIFICATION. */
export type BmpDownReason =
  | { readonly type: 'local-notification'; readonly octets: Uint8Array }
  /** No event of the FSM is named: 0. */
  | { readonly type: 'local' }
  | { readonly type: 'remote-notification'; readonly octets: Uint8Array }
  | { readonly type: 'remote' };

/** Gauges of a peer (RFC 7854 4.8, RFC 8671 6.2), by their type. */
export const BMP_STATISTIC = {
  adjRibIn: 7,
  locRib: 8,
  adjRibInOfFamily: 9,
  locRibOfFamily: 10,
  adjRibOutPostPolicy: 15,
} as const;

export type BmpStatistic =
  | { readonly type: (typeof BMP_STATISTIC)['adjRibIn' | 'locRib' | 'adjRibOutPostPolicy']; readonly value: number }
  | {
      readonly type: (typeof BMP_STATISTIC)['adjRibInOfFamily' | 'locRibOfFamily'];
      readonly afi: number;
      readonly safi: number;
      readonly value: number;
    };

/** Why monitoring ends (RFC 7854 4.5). */
export const BMP_TERMINATION = { administrativelyClosed: 0, unspecified: 1, outOfResources: 2 } as const;

export function encodeInitiation(fields: { readonly sysName: string; readonly sysDescr: string }): Uint8Array {
  return message(BMP_TYPE.initiation, (writer) => {
    textTlv(writer, 1, fields.sysDescr);
    textTlv(writer, 2, fields.sysName);
  });
}

export function encodeTermination(reason: number, text: string): Uint8Array {
  return message(BMP_TYPE.termination, (writer) => {
    writer.uint16(1).uint16(2).uint16(reason);
    textTlv(writer, 0, text);
  });
}

/** Both OPENs whole, as they were on the wire. Ports are 0 if they are unknown. */
export function encodePeerUp(
  peer: BmpPeer,
  session: {
    readonly localAddress: string;
    readonly localPort: number;
    readonly remotePort: number;
    readonly sentOpen: Uint8Array;
    readonly receivedOpen: Uint8Array;
  },
): Uint8Array {
  return message(BMP_TYPE.peerUp, (writer) => {
    peerHeader(writer, peer, 0);
    address(writer, session.localAddress);
    writer.uint16(session.localPort).uint16(session.remotePort);
    writer.bytes(session.sentOpen).bytes(session.receivedOpen);
  });
}

/** Loc-RIB begins (RFC 9069 4.4): a session with nobody, of which `open` is both OPENs; the table's name is `global`. */
export function encodeLocRibUp(peer: BmpPeer, open: Uint8Array): Uint8Array {
  return message(BMP_TYPE.peerUp, (writer) => {
    peerHeader(writer, peer, 0);
    writer.zeros(16).uint16(0).uint16(0).bytes(open).bytes(open);
    textTlv(writer, 3, 'global');
  });
}

export function encodePeerDown(peer: BmpPeer, reason: BmpDownReason): Uint8Array {
  return message(BMP_TYPE.peerDown, (writer) => {
    peerHeader(writer, peer, 0);
    switch (reason.type) {
      case 'local-notification':
        writer.uint8(1).bytes(reason.octets);
        return;
      case 'local':
        writer.uint8(2).uint16(0);
        return;
      case 'remote-notification':
        writer.uint8(3).bytes(reason.octets);
        return;
      case 'remote':
        writer.uint8(4);
        return;
    }
  });
}

/** `update`: a whole UPDATE, AS numbers of four octets. `flags`: which table it is of, see {@link PEER_FLAG}. */
export function encodeRouteMonitoring(peer: BmpPeer, flags: number, update: Uint8Array): Uint8Array {
  return message(BMP_TYPE.routeMonitoring, (writer) => {
    peerHeader(writer, peer, flags);
    writer.bytes(update);
  });
}

export function encodeStatisticsReport(peer: BmpPeer, statistics: readonly BmpStatistic[]): Uint8Array {
  return message(BMP_TYPE.statisticsReport, (writer) => {
    peerHeader(writer, peer, 0);
    writer.uint32(statistics.length);
    for (const statistic of statistics) {
      writer.uint16(statistic.type);
      if ('afi' in statistic) {
        writer.uint16(11).uint16(statistic.afi).uint8(statistic.safi).uint64(statistic.value);
      } else {
        writer.uint16(8).uint64(statistic.value);
      }
    }
  });
}

/**
 * The common header around a body.
 *
 * ```
 * +-------------+------------+----------+------+
 * | Version (1) | Length (4) | Type (1) | Body |
 * +-------------+------------+----------+------+
 * ```
 */
function message(type: number, writeBody: (writer: OctetWriter) => void): Uint8Array {
  const body = new OctetWriter();
  writeBody(body);
  return new OctetWriter()
    .uint8(BMP_VERSION)
    .uint32(HEADER_OCTETS + body.length)
    .uint8(type)
    .bytes(body.finish())
    .finish();
}

/**
 * Per-Peer Header, 42 octets: a global instance peer, or Loc-RIB.
 *
 * ```
 * +----------+-----------+-------------------+--------------+--------+------------+-------------+------------------+
 * | Type (1) | Flags (1) | Distinguisher (8) | Address (16) | AS (4) | BGP ID (4) | Seconds (4) | Microseconds (4) |
 * +----------+-----------+-------------------+--------------+--------+------------+-------------+------------------+
 * ```
 */
function peerHeader(writer: OctetWriter, peer: BmpPeer, flags: number): void {
  writer
    .uint8(peer.type ?? 0)
    .uint8(flags | (peer.address.includes(':') ? PEER_FLAG.ipv6 : 0))
    .zeros(8);
  address(writer, peer.address);
  writer
    .uint32(peer.asNumber)
    .bytes(dottedQuadOctets(peer.routerId, 'BMP peer BGP ID'))
    .uint32(Math.floor(peer.wallMs / 1000))
    .uint32(Math.floor((peer.wallMs % 1000) * 1000));
}

/** 16 octets; an IPv4 address in the last four. */
function address(writer: OctetWriter, text: string): void {
  const octets = addressOctets(text, 'BMP address');
  writer.zeros(16 - octets.length).bytes(octets);
}

function textTlv(writer: OctetWriter, type: number, text: string): void {
  const octets = Buffer.from(text, 'utf8').subarray(0, 0xffff);
  writer.uint16(type).uint16(octets.length).bytes(octets);
}
