import { routerIdNumber } from '../codec/index.ts';
import type { PeerSettings } from '../peers/peer-settings.ts';
import { peerTypeOf } from '../peers/remote-as.ts';
import type { PathSource } from '../rib/path.ts';
import type { NegotiatedSession } from './negotiated-session.ts';

/** Who the peer is, as far as only its sessions tell. Outlives them, as its routes may. */
export class PeerIdentity {
  /** One object for all of the peer's paths; its BGP Identifier is that of the latest session. */
  readonly source: PathSource;
  readonly #setRouterId: (routerId: number) => void;
  #remoteAsNumber: number | undefined;
  #ownAddresses: ReadonlySet<string> = new Set();

  constructor(settings: PeerSettings) {
    const { name, address, client } = settings;
    const source = {
      name,
      type: peerTypeOf(settings),
      routerId: 0,
      address,
      ...(client === undefined ? {} : { client }),
    };
    this.source = source;
    this.#setRouterId = (routerId) => {
      source.routerId = routerId;
    };
  }

  /** Of the latest session. */
  get remoteAsNumber(): number | undefined {
    return this.#remoteAsNumber;
  }

  /** True if the address is one of this host's, which no next hop of the peer may be. */
  isOwnAddress(address: string): boolean {
    return this.#ownAddresses.has(address);
  }

  /**
   * Tells what is different: another router (`as`) has taken the place of the one whose routes may still be here, or the
   * same has another BGP Identifier.
   */
  sessionUp(session: NegotiatedSession, localAddress: string, settings: PeerSettings): 'as' | 'router-id' | undefined {
    const { hostAddress, hostAddress6 } = settings;
    this.#ownAddresses = new Set([localAddress, hostAddress, ...(hostAddress6 === undefined ? [] : [hostAddress6])]);
    const asBefore = this.#remoteAsNumber;
    this.#remoteAsNumber = session.remoteAsNumber;
    const routerId = routerIdNumber(session.remote.routerId);
    const isAnotherId = routerId !== this.source.routerId;
    this.#setRouterId(routerId);
    if (asBefore !== undefined && asBefore !== session.remoteAsNumber) return 'as';
    return isAnotherId ? 'router-id' : undefined;
  }
}
