import type { TcpProtection } from '@slash32/linux';
import type { PeerPlace } from '../peers/peer-match.ts';

/** What sessions need of TCP. `TcpTransport` is the real one; tests connect two sessions in memory. */
export interface ConnectionListener {
  /** The connection attempt succeeded; not called for accepted connections. */
  onConnected(): void;
  /** The chunk is the listener's to keep. */
  onData(chunk: Uint8Array): void;
  /** Octets have left the buffer; {@link BgpConnection.bufferedOctets} says how many remain. */
  onWritten(): void;
  /** Refused, reset, closed by the peer, or failed. Called once, and never after `close` or `abort`. */
  onClosed(reason: string): void;
}

export interface BgpConnection {
  /** Canonical address text; meaningful once connected. */
  readonly localAddress: string;
  readonly remoteAddress: string;
  /** Ports, once connected; absent: the transport does not tell. */
  readonly localPort?: number | undefined;
  readonly remotePort?: number | undefined;
  /** Octets that were written here and that the kernel has not taken yet. */
  readonly bufferedOctets: number;
  write(octets: Uint8Array): void;
  /** Sends what is buffered, then FIN. */
  close(): void;
  /** Throws buffered octets away (RST if any are unread or unsent). */
  abort(): void;
}

export interface ConnectTarget {
  readonly address: string;
  readonly port: number;
  /** Absent: the kernel's choice. */
  readonly localAddress?: string;
  /** Interface of link-local addresses. */
  readonly device?: string;
  /** Absent: the kernel's defaults. */
  readonly protection?: TcpProtection;
}

/** A connection that a peer opened, before anybody listens to it. */
export interface IncomingConnection {
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Interface of link-local addresses. */
  readonly device?: string;
  accept(listener: ConnectionListener): BgpConnection;
  /** Closes it at once. */
  refuse(): void;
}

/** A peer as far as accepting its connections goes. */
export interface AdmittedPeer extends PeerPlace {
  /** Name of the BGPPeer. */
  readonly name: string;
  readonly protection: TcpProtection;
}

/** Name → why nothing is taken from the peer: its protection could not be set up. */
export type UnprotectedPeers = ReadonlyMap<string, string>;

export interface Transport {
  connect(target: ConnectTarget, listener: ConnectionListener): BgpConnection;
}
