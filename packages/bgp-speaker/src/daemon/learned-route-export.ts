import type { PrefixKey } from '../codec/index.ts';
import type { PeerSettings } from '../peers/peer-settings.ts';
import { peerTypeOf } from '../peers/remote-as.ts';
import { passesOnTo } from '../rib/passing-on.ts';
import type { Neighbor } from '../session/neighbor.ts';

/**
 * Has learned routes told to the neighbors that they may go to, if this host is a route reflector or a route server. What
 * changes within one turn of the event loop leaves together. Without such a neighbor it does nothing.
 */
export class LearnedRouteExport {
  #hasReflectorClients = false;
  #recipients: readonly Neighbor[] = [];
  /** Those that were offered something in this turn. */
  readonly #offered = new Set<Neighbor>();

  /** To be called whenever a neighbor came or went. */
  update(neighbors: Iterable<Neighbor>): void {
    const all = [...neighbors];
    this.#hasReflectorClients = all.some(({ settings }) => settings.client === 'reflector');
    this.#recipients = all.filter(({ settings }) => this.includes(settings));
  }

  /** True if learned routes may go to a peer with these settings. */
  includes(settings: PeerSettings): boolean {
    const { client } = settings;
    const peer = { type: peerTypeOf(settings), ...(client === undefined ? {} : { client }) };
    return passesOnTo(peer, this.#hasReflectorClients);
  }

  /** The candidates of a prefix are others, and perhaps (`chosen`) what was chosen of them. */
  routeChanged(key: PrefixKey, chosen: boolean): void {
    for (const neighbor of this.#recipients) {
      if (!chosen && !neighbor.sent.severalPaths) continue;
      neighbor.sent.offer(key);
      if (this.#offered.size === 0) queueMicrotask(() => this.#flush());
      this.#offered.add(neighbor);
    }
  }

  #flush(): void {
    const offered = [...this.#offered];
    this.#offered.clear();
    for (const neighbor of offered) neighbor.flush();
  }
}
