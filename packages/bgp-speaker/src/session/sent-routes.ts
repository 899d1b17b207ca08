import type { BgpFamily, ResourceFinding } from '@slash32/shared';
import type { PrefixKey } from '../codec/index.ts';
import type { AdvertisedRoute, ExportRoute } from '../rib/adj-rib-out.ts';
import type { Path } from '../rib/path.ts';
import type { PolicyVerdict } from '../rib/route-policy.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import { type ExportTerms, PeerExport, type PeerExportDependencies } from './peer-export.ts';
import type { SessionMachine } from './session-machine.ts';

/** What one peer is told, over all its sessions; nothing while there is none. */
export class SentRoutes {
  readonly #deps: PeerExportDependencies;
  readonly #terms: () => ExportTerms;
  /** Of the session that is up or about to be. */
  #export: PeerExport | undefined;

  /** `terms`: the present ones. */
  constructor(dependencies: PeerExportDependencies, terms: () => ExportTerms) {
    this.#deps = dependencies;
    this.#terms = terms;
  }

  /** Changes that wait for the peer to read. */
  get pending(): number {
    return this.#export?.sender?.pending ?? 0;
  }

  /** Number of prefixes that the peer has been told. */
  advertised(family: BgpFamily): number {
    return this.#export?.sender?.advertised(family) ?? 0;
  }

  /** What the peer has been told. */
  routes(family: BgpFamily): Iterable<AdvertisedRoute> {
    return this.#export?.sender?.routes(family) ?? [];
  }

  /** One of {@link routes}; `undefined`: the peer has not been told, or not of this one. */
  route(key: PrefixKey, pathId?: number): ExportRoute | undefined {
    return this.#export?.sender?.route(key, pathId);
  }

  /** Which term lets a path out to the peer, or what keeps it back; `undefined` without a session. */
  explain(key: PrefixKey, path: Path): PolicyVerdict | undefined {
    return this.#export?.explain(key, path);
  }

  /** True if the peer is told of paths that are not the best one, too. */
  get severalPaths(): boolean {
    return this.#export?.sendsSeveralPaths ?? false;
  }

  findings(): readonly ResourceFinding[] {
    return this.#export?.findings() ?? [];
  }

  /** The peer's OPEN is there: time to ask for next hops. */
  prepare(machine: SessionMachine): void {
    this.end();
    this.#export = new PeerExport(this.#terms(), machine.localAddress, this.#deps);
  }

  begin(machine: SessionMachine, session: NegotiatedSession): void {
    if (this.#export?.localAddress !== machine.localAddress) this.prepare(machine);
    this.#export?.begin(session, {
      get bufferedOctets() {
        return machine.bufferedOctets;
      },
      write: (octets) => machine.writeUpdate(octets),
      ...(session.enhancedRouteRefresh
        ? { markRefresh: (family: BgpFamily, mark: 'begin' | 'end') => machine.sendRouteRefresh(family, mark) }
        : {}),
    });
  }

  end(): void {
    this.#export?.end();
    this.#export = undefined;
  }

  /** The terms are different. */
  applyTerms(): void {
    this.#export?.apply(this.#terms());
  }

  /** A local route came, changed its metric, or went (`undefined`); {@link flush} sends it. */
  setLocal(key: PrefixKey, metric: number | undefined): void {
    this.#export?.setLocal(key, metric);
  }

  /** The paths that the peer may get for the prefix are others; {@link flush} sends them. */
  offer(key: PrefixKey): void {
    this.#export?.offer(key);
  }

  flush(): void {
    this.#export?.sender?.flush();
  }

  /** All of a family's routes once more. */
  resend(family: BgpFamily): void {
    this.#export?.sender?.refresh(family);
  }
}
