import type { BgpFamily, Clock, Logger, ResourceFinding, Timer } from '@slash32/shared';
import { type PrefixKey, prefixKeyFamily } from '../codec/index.ts';
import { isOnLink, type PeerSettings, resourceOf } from '../peers/peer-settings.ts';
import { peerTypeOf } from '../peers/remote-as.ts';
import { type AddressBlocks, inTellingOrder } from '../rib/address-blocks.ts';
import { rewriteAsPath } from '../rib/as-path-rewrite.ts';
import { ExportPolicy, ExportRouteTable, type ExportSettings } from '../rib/export-policy.ts';
import { offersOf, type PathsToSend } from '../rib/export-selection.ts';
import type { LocRib } from '../rib/loc-rib.ts';
import type { Recipient } from '../rib/passing-on.ts';
import type { Path } from '../rib/path.ts';
import { PolicyChain, type PolicyVerdict } from '../rib/route-policy.ts';
import { extendNextHops, type LocalNextHops, type NextHopQuestion } from './local-next-hops.ts';
import type { RestartState } from './local-open.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import { UpdateSender, type UpdateSink } from './update-sender.ts';

export interface PeerExportDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly findNextHops: (question: NextHopQuestion) => Promise<LocalNextHops>;
  readonly locRib: Pick<LocRib, 'localRoutes' | 'routes' | 'route' | 'usable'>;
  /** True if learned routes may go to the peer, too. */
  readonly passesOn: () => boolean;
  readonly restart: Pick<RestartState, 'restarting'>;
  /** Those that are announced as a whole, each a local route. */
  readonly blocks: () => AddressBlocks;
  /** Called with the number of UPDATEs written. */
  readonly onMessage: (count: number) => void;
}

/** What may change while the session is up. */
export interface ExportTerms {
  readonly settings: PeerSettings;
  /** The session is about to be shut down (RFC 8326). */
  readonly draining: boolean;
}

/** Interface addresses are not watched: a family without next hop asks again this often. */
const NEXT_HOP_RETRY_MS = 5000;

/**
 * What one session tells its peer. The export of a family starts once this host's next hop on the session's link is
 * known; the kernel is asked for it from the peer's OPEN on, so that it is usually known when the session is up.
 */
export class PeerExport {
  readonly #deps: PeerExportDependencies;
  readonly #localAddress: string;
  readonly #table = new ExportRouteTable();
  readonly #policies = new Map<BgpFamily, ExportPolicy>();
  #terms: ExportTerms;
  /** Set once the session is up and its next hops are known. */
  #ready: { readonly families: ReadonlySet<BgpFamily>; readonly nextHops: LocalNextHops['nextHops'] } | undefined;
  #question: Promise<LocalNextHops>;
  #sender: UpdateSender | undefined;
  #session: NegotiatedSession | undefined;
  #timer: Timer | undefined;
  #familiesWithoutNextHop: readonly BgpFamily[] = [];
  #ended = false;

  /** `localAddress`: of the connection. */
  constructor(terms: ExportTerms, localAddress: string, dependencies: PeerExportDependencies) {
    this.#deps = dependencies;
    this.#terms = terms;
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
    this.#session = session;
    this.#sender = new UpdateSender({
      sink,
      context: session.context,
      clock: this.#deps.clock,
      onMessage: this.#deps.onMessage,
      onTooLong: (routes) =>
        this.#deps.logger.warn(
          { peer: this.#terms.settings.name, routes },
          'learned routes do not fit messages of this router and are kept from it',
        ),
      endOfRibIsHeld: () => this.#deps.passesOn() && this.#deps.restart.restarting(),
    });
    void this.#export(session, this.#sender);
  }

  /** Other policies: what they announce differently is sent, and nothing else. */
  apply(terms: ExportTerms): void {
    this.#terms = terms;
    if (this.#ready === undefined) return;
    this.#applyPolicies();
    this.#sender?.flush();
  }

  /** A local route came, changed its metric, or went (`undefined`); Loc-RIB knows. */
  setLocal(key: PrefixKey, metric: number | undefined): void {
    if (this.#deps.passesOn()) this.offer(key);
    else this.#sender?.setLocal(key, metric);
  }

  /** Another path was chosen for the prefix or, where several are sent, the candidates are others. */
  offer(key: PrefixKey): void {
    const family = prefixKeyFamily(key);
    if (this.#ready?.families.has(family) !== true) return;
    const policy = this.#policies.get(family);
    const offers = policy === undefined ? [] : offersOf(key, this.#pathsToSend(family), this.#deps.locRib, policy);
    this.#sender?.offer(key, offers);
  }

  /** True if paths that are not the best one count as well. */
  get sendsSeveralPaths(): boolean {
    return this.#session !== undefined && this.#session.context.addPathSend.size > 0;
  }

  /** Which term let a path out, or not; `undefined` while the family is not exported. */
  explain(key: PrefixKey, path: Path): PolicyVerdict | undefined {
    const policy = this.#policies.get(prefixKeyFamily(key));
    if (path.source.type !== 'local') return policy?.explain(key, path);
    const metric = this.#deps.locRib.localRoutes.get(key);
    return metric === undefined ? undefined : policy?.verdictOf(key, metric);
  }

  end(): void {
    this.#ended = true;
    this.#sender?.end();
    this.#timer?.cancel();
  }

  findings(): readonly ResourceFinding[] {
    return this.#familiesWithoutNextHop.map((family) => {
      const [version, remedy] =
        family === 'ipv6-unicast' ? ['IPv6', 'add one, set address6 of the Host,'] : ['IPv4', 'add one,'];
      return {
        code: 'bgp-peer.no-next-hop',
        resource: resourceOf(this.#terms.settings),
        path: 'spec.families',
        severity: 'warning',
        message: `${family} is not announced to ${this.#terms.settings.address}: the interface with ${this.#localAddress} has no global ${version} address; ${remedy} or leave ${family} out of spec.families`,
      };
    });
  }

  async #export(session: NegotiatedSession, sender: UpdateSender): Promise<void> {
    const answer = await this.#question;
    const nextHops = extendNextHops(answer.nextHops, {
      context: session.context,
      isUnnumbered: this.#terms.settings.interface !== undefined,
    });
    if (this.#ended) return;
    this.#ready = { families: session.context.families, nextHops };
    this.#applyPolicies();
    sender.flush();
    this.#familiesWithoutNextHop = [...session.context.families].filter((family) => nextHops[family] === undefined);
    if (this.#familiesWithoutNextHop.length === 0) return;
    this.#timer = this.#deps.clock.schedule(NEXT_HOP_RETRY_MS, () => {
      this.#question = this.#ask();
      void this.#export(session, sender);
    });
  }

  #applyPolicies(): void {
    const { settings, draining } = this.#terms;
    const { locRib } = this.#deps;
    const passesOn = this.#deps.passesOn();
    const chain = new PolicyChain(settings.exportPolicies);
    const blocks = this.#deps.blocks();
    for (const family of this.#ready?.families ?? []) {
      const nextHop = this.#ready?.nextHops[family];
      const policy =
        nextHop &&
        new ExportPolicy(
          {
            family,
            recipient: this.#recipient(),
            localAsNumber: settings.localAsNumber,
            clusterId: settings.clusterId,
            routerId: settings.routerId,
            nextHop,
            blocks,
            ...this.#asPathRewriter(),
            chain,
            draining,
          },
          this.#table,
        );
      if (policy === undefined) this.#policies.delete(family);
      else this.#policies.set(family, policy);
      this.#sender?.setExport(family, policy, passesOn ? [] : inTellingOrder(locRib.localRoutes, blocks));
    }
    if (passesOn) this.#offerAll(blocks);
  }

  /** In the order of {@link inTellingOrder}. */
  #offerAll(blocks: AddressBlocks): void {
    for (const key of blocks.keys()) this.offer(key);
    for (const key of this.#deps.locRib.routes().keys()) this.offer(key);
    for (const key of blocks.keys()) this.offer(key);
  }

  #recipient(): Recipient {
    const { settings } = this.#terms;
    const { name, client, role } = settings;
    const extendedNextHop = this.#session?.context.extendedNextHop.has('ipv4-unicast') === true;
    const longLived = this.#session?.remoteLongLived === true;
    return {
      name,
      type: peerTypeOf(settings),
      extendedNextHop,
      longLived,
      ...(client === undefined ? {} : { client }),
      ...(role === undefined ? {} : { role }),
    };
  }

  /** Only between AS numbers: a route reflector leaves the path as it is. */
  #asPathRewriter(): Pick<ExportSettings, 'rewriteAsPath'> {
    const { settings } = this.#terms;
    const { asPathRewrite, localAsNumber } = settings;
    const remoteAsNumber = this.#session?.remoteAsNumber;
    const isNeeded = asPathRewrite.asOverride === true || asPathRewrite.removePrivateAs !== undefined;
    if (!isNeeded || remoteAsNumber === undefined || peerTypeOf(settings) === 'ibgp') return {};
    return { rewriteAsPath: (asPath) => rewriteAsPath(asPath, asPathRewrite, { localAsNumber, remoteAsNumber }) };
  }

  #pathsToSend(family: BgpFamily): PathsToSend {
    if (this.#session?.context.addPathSend.has(family) !== true) return 'best';
    return this.#terms.settings.addPaths?.send ?? 'best';
  }

  /** Never rejects: without the kernel's answer, the session's own family still has the session's address. */
  async #ask(): Promise<LocalNextHops> {
    const { hostAddress6, interface: device } = this.#terms.settings;
    try {
      return await this.#deps.findNextHops({
        localAddress: this.#localAddress,
        onLink: isOnLink(this.#terms.settings),
        ...(device === undefined ? {} : { device }),
        ...(hostAddress6 === undefined ? {} : { hostAddress6 }),
      });
    } catch (error) {
      this.#deps.logger.warn({ peer: this.#terms.settings.name, err: error }, 'cannot read interface addresses');
      const family = this.#localAddress.includes(':') ? 'ipv6-unicast' : 'ipv4-unicast';
      return { nextHops: { [family]: { address: this.#localAddress } } };
    }
  }
}
