import type { BgpFamily, Clock, Logger, ResourceFinding, Timer } from '@slash32/shared';
import type { PrefixKey } from '../codec/index.ts';
import { isOnLink, type PeerSettings, peerTypeOf } from '../peers/peer-settings.ts';
import { exportRoute } from '../rib/export-policy.ts';
import type { LocalNextHops, NextHopQuestion } from './local-next-hops.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import { UpdateSender, type UpdateSink } from './update-sender.ts';

export interface PeerExportDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly findNextHops: (question: NextHopQuestion) => Promise<LocalNextHops>;
  readonly localPrefixes: () => Iterable<PrefixKey>;
  /** Called with the number of UPDATEs written. */
  readonly onMessage: (count: number) => void;
}

/** Interface addresses are not watched: a family without next hop asks again this often. */
const NEXT_HOP_RETRY_MS = 5000;

/**
 * What one session tells its peer. The export of a family starts once this host's next hop on the session's link is
 * known; the kernel is asked for it from the peer's OPEN on, so that it is usually known when the session is up.
 */
export class PeerExport {
  readonly #deps: PeerExportDependencies;
  readonly #settings: PeerSettings;
  readonly #localAddress: string;
  #question: Promise<LocalNextHops>;
  #sender: UpdateSender | undefined;
  #timer: Timer | undefined;
  #familiesWithoutNextHop: readonly BgpFamily[] = [];
  #ended = false;

  /** `localAddress`: of the connection. */
  constructor(settings: PeerSettings, localAddress: string, dependencies: PeerExportDependencies) {
    this.#deps = dependencies;
    this.#settings = settings;
    this.#localAddress = localAddress;
    this.#question = this.#ask();
  }

  get sender(): UpdateSender | undefined {
    return this.#sender;
  }

  get localAddress(): string {
    return this.#localAddress;
  }

  /** The session is up. */
  begin(session: NegotiatedSession, sink: UpdateSink): void {
    this.#sender = new UpdateSender({ sink, context: session.context, onMessage: this.#deps.onMessage });
    void this.#export(session, this.#sender);
  }

  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
  }

  findings(): readonly ResourceFinding[] {
    return this.#familiesWithoutNextHop.map((family) => {
      const [version, remedy] =
        family === 'ipv6-unicast' ? ['IPv6', 'add one, set address6 of the Host,'] : ['IPv4', 'add one,'];
      return {
        code: 'bgp-peer.no-next-hop',
        resource: `BGPPeer/${this.#settings.name}`,
        path: 'spec.families',
        severity: 'warning',
        message: `${family} is not announced to ${this.#settings.address}: the interface with ${this.#localAddress} has no global ${version} address; ${remedy} or leave ${family} out of spec.families`,
      };
    });
  }

  async #export(session: NegotiatedSession, sender: UpdateSender): Promise<void> {
    const { nextHops } = await this.#question;
    if (this.#ended) return;
    const missing: BgpFamily[] = [];
    for (const family of session.context.families) {
      const route = exportRoute(family, {
        peerType: peerTypeOf(this.#settings),
        localAsNumber: this.#settings.localAsNumber,
        nextHops,
      });
      if (route === undefined) missing.push(family);
      sender.setExport(family, route, this.#deps.localPrefixes());
    }
    sender.flush();
    this.#familiesWithoutNextHop = missing;
    if (missing.length === 0) return;
    this.#timer = this.#deps.clock.schedule(NEXT_HOP_RETRY_MS, () => {
      this.#question = this.#ask();
      void this.#export(session, sender);
    });
  }

  /** Never rejects: without the kernel's answer, the session's own family still has the session's address. */
  async #ask(): Promise<LocalNextHops> {
    const { hostAddress6 } = this.#settings;
    try {
      return await this.#deps.findNextHops({
        localAddress: this.#localAddress,
        onLink: isOnLink(this.#settings),
        ...(hostAddress6 === undefined ? {} : { hostAddress6 }),
      });
    } catch (error) {
      this.#deps.logger.warn({ peer: this.#settings.name, err: error }, 'cannot read interface addresses');
      const family = this.#localAddress.includes(':') ? 'ipv6-unicast' : 'ipv4-unicast';
      return { nextHops: { [family]: { address: this.#localAddress } } };
    }
  }
}
