import type { AddressTable, InterfaceAddress, KernelRoute, RouteChange, RouteEvent, RouteTable } from '@slash32/linux';
import {
  Backoff,
  type Clock,
  type Logger,
  parseIpPrefix,
  prefixContains,
  type ResourceFinding,
  ROUTE_PROTOCOL,
  type Timer,
} from '@slash32/shared';
import { type PrefixKey, prefixKeyAddressFamily, prefixKeyFromText, prefixKeyToText } from '../codec/index.ts';

/** Loses to every other route of the same prefix: what somebody routes there is not ours to cut off. */
const BLOCK_ROUTE_METRIC = 4096;

/** Block → the prefixes that its routes are for: itself, or what is left of it without addresses that are elsewhere. */
export type WantedBlocks = ReadonlyMap<PrefixKey, readonly PrefixKey[]>;

export interface BlockRoutesOptions {
  readonly routes: RouteTable;
  readonly addresses: Pick<AddressTable, 'list'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** False: the kernel's routes are not to be touched, so no block can be announced. */
  readonly enabled: boolean;
  /** Name of the Host, for findings. */
  readonly host: string;
  /** The blocks that may be announced are others. A block's route is still there when it is no longer among them. */
  readonly onChange: (active: ReadonlySet<PrefixKey>) => void;
}

/**
 * The kernel's side of address blocks: an `unreachable` route for each (`ROUTE_PROTOCOL.block`), so that what is sent to
 * an unused address of a block ends here and does not go back to the router by the default route. Addresses that instances
 * on other hosts have are left out, so that they are reached by whatever route there is, if only the default one. Longer routes, of
 * instances here or learned ones of addresses that moved away, win over it. A block is active, which lets it be announced,
 * once its route is there, and stays so while the route is repaired.
 */
export class BlockRoutes {
  readonly #options: BlockRoutesOptions;
  readonly #backoff: Backoff;
  readonly #failures = new Map<PrefixKey, string>();
  /** Prefixes of routes in the kernel, as far as we know. */
  readonly #present = new Set<PrefixKey>();
  /** `undefined`: not known yet, so what there is stays. */
  #wanted: WantedBlocks | undefined;
  #active: ReadonlySet<PrefixKey> = new Set();
  #stopped = false;
  #workWanted = false;
  #working: Promise<void> | undefined;
  #retry: Timer | undefined;

  constructor(options: BlockRoutesOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ initialMs: 500, maxMs: 30_000, random: options.random });
  }

  /** Finds what a former life left, which stays until {@link want} says otherwise. */
  async start(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#stop(), { once: true });
    if (!this.#options.enabled) return;
    const filter = { protocol: ROUTE_PROTOCOL.block };
    await this.#options.routes.watch(
      filter,
      { onEvents: (events) => this.#onEvents(events), onOverrun: () => void this.#listAgain() },
      signal,
    );
    await this.#list();
  }

  get active(): ReadonlySet<PrefixKey> {
    return this.#active;
  }

  /** From now on, these are the blocks, each with the prefixes that are all of it but for addresses that are elsewhere. */
  want(wanted: WantedBlocks): void {
    if (this.#wanted !== undefined && isSameWish(wanted, this.#wanted)) return;
    this.#wanted = wanted;
    for (const key of this.#failures.keys()) if (!wanted.has(key)) this.#failures.delete(key);
    if (this.#options.enabled) this.#wake();
    else
      for (const key of wanted.keys())
        this.#fail(key, 'what is unused in it needs a route, and --install-routes is no');
  }

  findings(): readonly ResourceFinding[] {
    return [...this.#failures].map(([key, reason]) => ({
      code: 'host.block-refused',
      resource: `Host/${this.#options.host}`,
      path: 'spec.blocks',
      severity: 'error',
      message: `${prefixKeyToText(key)} is not announced as a whole, but each address: ${reason}`,
    }));
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  #wake(): void {
    this.#workWanted = true;
    if (this.#stopped || this.#working !== undefined) return;
    this.#working = this.#work().finally(() => {
      this.#working = undefined;
      if (this.#workWanted) this.#wake();
    });
  }

  async #work(): Promise<void> {
    while (this.#workWanted && !this.#stopped) {
      this.#workWanted = false;
      const wanted = this.#wanted;
      if (wanted === undefined) return;
      try {
        // What takes the place of a route that goes is there before.
        await this.#add(wanted);
        this.#activate(wanted);
        const unused = new Set([...wanted].flatMap(([block, parts]) => (this.#failures.has(block) ? [] : parts)));
        await this.#remove([...this.#present].filter((key) => !unused.has(key)));
      } catch (error) {
        this.#options.logger.warn({ err: error }, 'cannot reach the kernel’s routes of address blocks');
        this.#retryLater();
        return;
      }
      if (this.#failures.size > 0) this.#retryLater();
      else this.#backoff.reset();
    }
  }

  async #add(wanted: WantedBlocks): Promise<void> {
    const incomplete = [...wanted].filter(([, parts]) => parts.some((part) => !this.#present.has(part)));
    if (incomplete.length === 0) return;
    const addresses = await this.#options.addresses.list();
    const failed = new Map<PrefixKey, string>();
    const blockOf = new Map<RouteChange, PrefixKey>();
    for (const [block, parts] of incomplete) {
      const link = linkWithin(block, addresses);
      if (link !== undefined) {
        failed.set(block, `${link.device} has ${link.address}, and what is on that link would become unreachable`);
        continue;
      }
      for (const part of parts) {
        if (!this.#present.has(part)) blockOf.set({ op: 'replace', route: blockRoute(part) }, block);
      }
    }
    const changes = [...blockOf.keys()];
    const refused = new Map((await this.#options.routes.apply(changes)).map(({ change, reason }) => [change, reason]));
    for (const [change, block] of blockOf) {
      const reason = refused.get(change);
      if (reason === undefined) this.#present.add(prefixKeyFromText(change.route.prefix));
      else failed.set(block, `the kernel refused its route: ${reason}`);
    }
    for (const [block] of incomplete) {
      const reason = failed.get(block);
      if (reason === undefined) this.#failures.delete(block);
      else this.#fail(block, reason);
    }
  }

  #activate(wanted: WantedBlocks): void {
    const active = new Set([...wanted.keys()].filter((block) => !this.#failures.has(block)));
    if (isSame(active, this.#active)) return;
    this.#active = active;
    this.#options.onChange(active);
  }

  async #remove(obsolete: readonly PrefixKey[]): Promise<void> {
    if (obsolete.length === 0) return;
    const changes = obsolete.map((key) => ({ op: 'delete' as const, route: blockRoute(key) }));
    for (const key of obsolete) this.#present.delete(key);
    for (const { change, reason } of await this.#options.routes.apply(changes)) {
      this.#present.add(prefixKeyFromText(change.route.prefix));
      this.#options.logger.warn({ prefix: change.route.prefix, reason }, 'cannot remove the route of an address block');
      this.#retryLater();
    }
  }

  #fail(key: PrefixKey, reason: string): void {
    if (!this.#failures.has(key)) {
      this.#options.logger.warn({ block: prefixKeyToText(key), reason }, 'an address block cannot be announced');
    }
    this.#failures.set(key, reason);
  }

  #onEvents(events: readonly RouteEvent[]): void {
    for (const { type, route } of events) {
      if (type !== 'removed' || route.metric !== BLOCK_ROUTE_METRIC) continue;
      if (this.#present.delete(prefixKeyFromText(route.prefix))) this.#wake();
    }
  }

  async #listAgain(): Promise<void> {
    try {
      await this.#list();
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'cannot list the routes of address blocks');
    }
    this.#wake();
  }

  async #list(): Promise<void> {
    const found = await this.#options.routes.list({ protocol: ROUTE_PROTOCOL.block });
    this.#present.clear();
    for (const route of found) {
      if (route.metric === BLOCK_ROUTE_METRIC) this.#present.add(prefixKeyFromText(route.prefix));
    }
  }

  #retryLater(): void {
    if (this.#retry !== undefined || this.#stopped) return;
    this.#retry = this.#options.clock.schedule(this.#backoff.nextDelayMs(), () => {
      this.#retry = undefined;
      this.#wake();
    });
  }

  #stop(): void {
    this.#stopped = true;
    this.#retry?.cancel();
  }
}

function isSameWish(left: WantedBlocks, right: WantedBlocks): boolean {
  if (left.size !== right.size) return false;
  return left.entries().every(([block, parts]) => {
    const others = right.get(block);
    return others?.length === parts.length && parts.every((part, index) => part === others[index]);
  });
}

function isSame(left: ReadonlySet<PrefixKey>, right: ReadonlySet<PrefixKey>): boolean {
  return left.size === right.size && left.isSubsetOf(right);
}

function blockRoute(key: PrefixKey): KernelRoute {
  return {
    family: prefixKeyAddressFamily(key),
    prefix: prefixKeyToText(key),
    type: 'unreachable',
    protocol: ROUTE_PROTOCOL.block,
    metric: BLOCK_ROUTE_METRIC,
    nextHops: [],
  };
}

/** An interface whose link has addresses of the block; a single address of ours is no harm, since the kernel knows it. */
function linkWithin(key: PrefixKey, addresses: readonly InterfaceAddress[]): InterfaceAddress | undefined {
  const block = parseIpPrefix(prefixKeyToText(key));
  return addresses.find(({ address }) => {
    const link = parseIpPrefix(address);
    const isSingle = link.length === (link.family === 4 ? 32 : 128);
    return !isSingle && (prefixContains(block, link) || prefixContains(link, block));
  });
}
