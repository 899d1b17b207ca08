import type { LinkRouter, RouterDiscovery } from '@slash32/linux';
import type { Clock, Logger, Timer } from '@slash32/shared';

export interface RouterFinderOptions {
  readonly discovery: RouterDiscovery;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when the router of a followed interface is another one. */
  readonly onChange: () => void;
}

/** Least interval of unsolicited router advertisements (RFC 4861 6.2.1). */
const ANNOUNCE_INTERVAL_MS = 3000;

/**
 * The routers at the other ends of unnumbered links. We advertise ourselves there too: a router finds its peer by that.
 *
 * A router that was found stays the one until it is gone and another is there: whether it still answers is for the
 * session to say.
 */
export class RouterFinder {
  readonly #options: RouterFinderOptions;
  readonly #known = new Map<string, Set<string>>();
  readonly #chosen = new Map<string, string>();
  readonly #failures = new Map<string, string>();
  #devices: ReadonlySet<string> = new Set();
  #timer: Timer | undefined;

  constructor(options: RouterFinderOptions) {
    this.#options = options;
  }

  async start(signal: AbortSignal): Promise<void> {
    await this.#options.discovery.watch((router, present) => this.#onRouter(router, present), signal);
    signal.addEventListener('abort', () => this.#timer?.cancel(), { once: true });
  }

  /** Interfaces to advertise on, at once and again and again. */
  follow(devices: ReadonlySet<string>): void {
    const isNew = devices.difference(this.#devices).size > 0;
    this.#devices = devices;
    if (devices.size === 0) this.#timer?.cancel();
    else if (isNew) this.#announce();
  }

  /** Link-local address; `undefined`: none was seen. */
  routerOn(device: string): string | undefined {
    return this.#chosen.get(device);
  }

  /** Why nothing can be advertised on an interface. */
  failureOn(device: string): string | undefined {
    return this.#failures.get(device);
  }

  #announce(): void {
    this.#timer?.cancel();
    const { discovery, clock, logger } = this.#options;
    for (const device of this.#devices) {
      try {
        discovery.announce(device);
        this.#failures.delete(device);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (this.#failures.get(device) !== reason) logger.warn({ device, err: error }, 'cannot advertise on a link');
        this.#failures.set(device, reason);
      }
    }
    this.#timer = clock.schedule(ANNOUNCE_INTERVAL_MS, () => this.#announce());
  }

  #onRouter({ device, address }: LinkRouter, present: boolean): void {
    if (!address.startsWith('fe80:')) return;
    const known = this.#known.get(device) ?? new Set();
    this.#known.set(device, known);
    if (present) known.add(address);
    else known.delete(address);
    const chosen = this.#chosen.get(device);
    if (chosen !== undefined && known.has(chosen)) return;
    const [next] = known;
    if (next === undefined || next === chosen) return;
    this.#chosen.set(device, next);
    if (this.#devices.has(device)) this.#options.onChange();
  }
}
