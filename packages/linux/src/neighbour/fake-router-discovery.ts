import type { LinkRouter, RouterDiscovery } from './router-discovery.ts';

/** A {@link RouterDiscovery} in memory; tests say which routers there are. */
export class FakeRouterDiscovery implements RouterDiscovery {
  /** Interfaces that were announced on, once per time. */
  readonly announced: string[] = [];
  readonly #routers = new Map<string, LinkRouter>();
  readonly #listeners = new Set<(router: LinkRouter, present: boolean) => void>();

  async watch(onChange: (router: LinkRouter, present: boolean) => void, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#listeners.add(onChange);
    signal.addEventListener('abort', () => this.#listeners.delete(onChange), { once: true });
    for (const router of this.#routers.values()) onChange(router, true);
  }

  announce(device: string): void {
    this.announced.push(device);
  }

  /** A router shows up on a link, or leaves it. */
  set(router: LinkRouter, present: boolean): void {
    const key = `${router.device} ${router.address}`;
    if (this.#routers.has(key) === present) return;
    if (present) this.#routers.set(key, router);
    else this.#routers.delete(key);
    for (const listener of [...this.#listeners]) queueMicrotask(() => listener(router, present));
  }
}
