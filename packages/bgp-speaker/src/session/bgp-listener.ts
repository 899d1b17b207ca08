import { type IncomingTcp, type NearPeer, TcpListener } from '@slash32/linux';
import { type Clock, FabricError, hasErrorCode, type Logger, type Timer } from '@slash32/shared';
import { matchPeer } from '../peers/peer-match.ts';
import { TcpConnection } from './tcp-connection.ts';
import type { AdmittedPeer, IncomingConnection, UnprotectedPeers } from './transport.ts';

export interface BgpListenerOptions {
  /** `::` is for both families. */
  readonly address: string;
  readonly port: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onConnection: (incoming: IncomingConnection) => void;
}

const BACKLOG = 64;
/** Answers to a SYN go out with this TTL: a peer with TTL security drops all others, and no peer minds. */
const SYN_ACK_HOP_LIMIT = 255;
/** Pause after a connection could not be taken, which is for want of descriptors. */
const ACCEPT_RETRY_MS = 1000;

/**
 * Accepts BGP connections as the peers' protection demands: what is not signed with a peer's key, or comes from too far
 * away, is dropped by the kernel before it becomes a connection.
 */
export class BgpListener implements AsyncDisposable {
  readonly #options: BgpListenerOptions;
  readonly #listener: TcpListener;
  #peers: readonly AdmittedPeer[] = [];
  /** Peers that the listener has a key for, by place. */
  #keyed: ReadonlyMap<string, AdmittedPeer> = new Map();
  /** Place → why its protection could not be set up: nothing is taken from there. */
  readonly #unprotected = new Map<string, string>();
  #retry: Timer | undefined;

  /** Throws `FabricError` `bgp.listen-failed`, naming the remedy. */
  constructor(options: BgpListenerOptions) {
    this.#options = options;
    this.#listener = listen(options);
    this.#listener.watch(() => this.#acceptWaiting());
  }

  get port(): number {
    return this.#listener.port;
  }

  /**
   * From now on, these are the peers. Before the first call nobody's SYN is answered: a router that was turned away might
   * take minutes to call again, while its TCP tries again within a second. Connections that wait are handed over first,
   * under the rules they came by. The kernel knows peers by address alone: two unnumbered ones whose routers have the same address share their key.
   */
  admit(peers: readonly AdmittedPeer[]): UnprotectedPeers {
    this.#acceptWaiting();
    const served = peers.filter(({ address }) => this.#listener.serves(address));
    const keyed = new Map(
      served.flatMap((peer) => (peer.protection.md5Key === undefined ? [] : [[placeText(peer), peer] as const])),
    );
    this.#unprotected.clear();
    for (const [place, peer] of this.#keyed) if (!keyed.has(place)) this.#setKey(peer, undefined);
    for (const peer of keyed.values()) this.#setKey(peer, peer.protection.md5Key);
    this.#keyed = keyed;
    this.#tryFor(undefined, () => this.#listener.setNearPeers(nearPeers(served)));
    // Where that failed: without the filter, connections still protect themselves once they are made.
    this.#listener.open();
    this.#peers = served;
    return new Map(
      served.flatMap((peer) => {
        const reason = this.#unprotected.get(placeText(peer));
        return reason === undefined ? [] : [[peer.name, reason] as const];
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#retry?.cancel();
    this.#listener[Symbol.dispose]();
  }

  #setKey(peer: AdmittedPeer, key: Uint8Array | undefined): void {
    const { address, prefixLength } = peer;
    const place = { address, ...(prefixLength === undefined ? {} : { prefixLength }) };
    this.#tryFor(placeText(peer), () => this.#listener.setMd5Key(place, key));
  }

  /** `place`: where nothing is taken from if it fails; otherwise everybody's own connection protects itself. */
  #tryFor(place: string | undefined, protect: () => void): void {
    try {
      protect();
    } catch (error) {
      if (place !== undefined) this.#unprotected.set(place, error instanceof Error ? error.message : String(error));
      this.#options.logger.error({ address: place, err: error }, 'cannot protect connections as the BGPPeer demands');
    }
  }

  #acceptWaiting(): void {
    try {
      for (let incoming = this.#listener.accept(); incoming !== undefined; incoming = this.#listener.accept()) {
        this.#hand(incoming);
      }
    } catch (error) {
      this.#options.logger.error({ err: error }, 'cannot accept connections; trying again');
      this.#listener.unwatch();
      this.#retry = this.#options.clock.schedule(ACCEPT_RETRY_MS, () =>
        this.#listener.watch(() => this.#acceptWaiting()),
      );
    }
  }

  #hand(incoming: IncomingTcp): void {
    const { remoteAddress, localAddress, device } = incoming;
    const peer = matchPeer(this.#peers, remoteAddress, device);
    try {
      if (this.#unprotected.has(remoteAddress) || (peer !== undefined && this.#unprotected.has(placeText(peer))))
        throw new FabricError('bgp.unprotected', 'its protection is missing');
      if (peer !== undefined) incoming.protect(peer.protection);
    } catch (error) {
      this.#options.logger.error({ address: remoteAddress, err: error }, 'refused a connection that is not protected');
      incoming[Symbol.dispose]();
      return;
    }
    this.#options.onConnection({
      remoteAddress,
      localAddress,
      ...(device === undefined ? {} : { device }),
      accept: (listener) => TcpConnection.adopt(incoming.detach(), remoteAddress, listener),
      refuse: () => incoming[Symbol.dispose](),
    });
  }
}

/** An address, or a range as a prefix. */
function placeText({ address, prefixLength }: AdmittedPeer): string {
  return prefixLength === undefined ? address : `${address}/${prefixLength}`;
}

/**
 * Peers that must be near, the longest prefixes first; those that need not be, but are in the range of some that must, so
 * that their exception comes before it.
 */
function nearPeers(peers: readonly AdmittedPeer[]): readonly NearPeer[] {
  const lengthOf = ({ prefixLength = Number.POSITIVE_INFINITY }: AdmittedPeer): number => prefixLength;
  const hasNearRange = peers.some(
    ({ prefixLength, protection }) => prefixLength !== undefined && protection.minHopLimit !== undefined,
  );
  return [...peers]
    .sort((left, right) => (lengthOf(left) === lengthOf(right) ? 0 : lengthOf(right) - lengthOf(left)))
    .flatMap(({ address, prefixLength, protection: { minHopLimit } }) =>
      minHopLimit === undefined && !hasNearRange
        ? []
        : [{ address, ...(prefixLength === undefined ? {} : { prefixLength }), minHopLimit: minHopLimit ?? 0 }],
    );
}

function listen({ address, port }: BgpListenerOptions): TcpListener {
  const open = (text: string) =>
    new TcpListener({ address: text, port, backlog: BACKLOG, hopLimit: SYN_ACK_HOP_LIMIT, isClosed: true });
  try {
    try {
      return open(address);
    } catch (error) {
      // A kernel without IPv6 has no `::`; every IPv4 address is what is left of it.
      if (address !== '::' || !hasErrorCode(error, 'tcp.family-unsupported')) throw error;
      return open('0.0.0.0');
    }
  } catch (error) {
    throw listenFailure(error);
  }
}

function listenFailure(cause: unknown): FabricError {
  const remedy = hasErrorCode(cause, 'tcp.port-in-use')
    ? 'another BGP speaker runs here; stop it, or choose another --bgp-port or --listen'
    : hasErrorCode(cause, 'tcp.not-permitted')
      ? 'run as root or with CAP_NET_BIND_SERVICE, or choose a --bgp-port above 1023'
      : 'check --listen';
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FabricError('bgp.listen-failed', `${reason}; ${remedy}`, { cause });
}
