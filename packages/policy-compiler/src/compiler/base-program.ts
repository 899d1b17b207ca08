import type { HostService, IpPrefix } from '@slash32/shared';
import { prefixElement } from '../ir/element-text.ts';
import { NAMES } from '../ir/names.ts';
import { DROP_LOG_SETS, guardDrop, loggedDropChain } from './drop-log.ts';
import { STATELESS_SETS, STATIC_SETS } from './endpoint-elements.ts';
import { type ForwardOptions, forwardChains } from './forward-chains.ts';
import { generationChains } from './generation.ts';
import { arpChains, hostChains, natChain, preroutingChains } from './guard-chains.ts';
import type { ProgramStore } from './program-store.ts';
import { isOf } from './shared-sets.ts';
import { ARP_TABLE, INET_TABLE, POLICY_TABLES } from './tables.ts';
import type { TapMatch } from './tap-match.ts';

/** What is in the program only while some endpoint needs it. */
export interface BaseNeeds extends ForwardOptions {
  /** An endpoint is translated. */
  readonly withTranslation: boolean;
}

/** What chains are written from that is not an endpoint's. */
export interface HostFacts {
  readonly taps: TapMatch;
  /** What translated packets show as source; `undefined`: the host has no address. */
  readonly translated: string | undefined;
  readonly services: readonly HostService[];
}

/** Everything of the program that is there whatever the endpoints are: the site, the guard, the ways to the endpoints' chains. */
export class BaseProgram {
  readonly #store: ProgramStore;
  #needs: BaseNeeds = { withStateless: false, withLog: false, withTranslation: false };

  constructor(store: ProgramStore) {
    this.#store = store;
    for (const table of POLICY_TABLES) {
      for (const set of STATIC_SETS[table] ?? []) store.ensureSet(table, set);
    }
  }

  /** True if {@link updateChains} is due because of this. */
  isNews(needs: BaseNeeds): boolean {
    const { withStateless, withLog, withTranslation } = this.#needs;
    return (
      needs.withStateless !== withStateless || needs.withLog !== withLog || needs.withTranslation !== withTranslation
    );
  }

  updateSite(prefixes: readonly IpPrefix[]): void {
    for (const family of [4, 6] as const) {
      const ofFamily = prefixes.filter((prefix) => prefix.family === family);
      this.#store.replaceSet(INET_TABLE, {
        name: NAMES.site[family],
        // Not keyed by protocol, as other sets of prefixes are: rules ask who is *not* in it, and a packet whose
        // protocol cannot be told must not pass for that.
        type: family === 4 ? 'ipv4_addr' : 'ipv6_addr',
        interval: true,
        elements: new Map(ofFamily.map((prefix) => [prefixElement(prefix), ''])),
      });
    }
  }

  /** Of all Hosts. */
  updateHosts(addresses: readonly string[]): void {
    for (const family of [4, 6] as const) {
      const ofFamily = addresses.filter((address) => isOf(family, address));
      const elements = new Map(ofFamily.map((address) => [address, '']));
      const type = family === 4 ? 'ipv4_addr' : 'ipv6_addr';
      this.#store.replaceSet(INET_TABLE, { name: NAMES.hosts[family], type, interval: false, elements });
    }
  }

  updateChains({ taps, translated, services }: HostFacts, generation: number, needs: BaseNeeds): void {
    this.#needs = needs;
    const drop = guardDrop(needs.withLog);
    const chains = [
      ...preroutingChains(taps, drop),
      ...forwardChains(taps, needs),
      ...hostChains(taps, drop, services),
    ];
    for (const chain of chains) this.#store.putChain(INET_TABLE, chain);
    for (const chain of arpChains(taps, drop)) this.#store.putChain(ARP_TABLE, chain);
    this.setGeneration(generation);
    if (needs.withTranslation && translated !== undefined) this.#store.putChain(INET_TABLE, natChain(translated));
    else this.#store.deleteChain(INET_TABLE, NAMES.postrouting);
    if (needs.withLog) this.#addLog();
    else this.#deleteLog();
    if (!needs.withStateless) this.#deleteStateless();
  }

  setGeneration(generation: number): void {
    for (const chain of generationChains(generation, this.#needs)) this.#store.putChain(INET_TABLE, chain);
  }

  #addLog(): void {
    this.#store.putChain(INET_TABLE, loggedDropChain('guard'));
    this.#store.putChain(ARP_TABLE, loggedDropChain('arp'));
  }

  #deleteLog(): void {
    for (const table of POLICY_TABLES) this.#store.deleteChain(table, NAMES.loggedDrop);
    for (const { table, set } of DROP_LOG_SETS) this.#store.deleteSet(table, set.name);
  }

  #deleteStateless(): void {
    for (const chain of ['stateless-source', 'stateless-destination']) this.#store.deleteChain(INET_TABLE, chain);
    for (const set of STATELESS_SETS) this.#store.deleteSet(INET_TABLE, set.name);
  }
}
