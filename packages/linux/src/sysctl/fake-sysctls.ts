import { FabricError } from '@slash32/shared';
import type { FakeNetwork } from '../fake/fake-network.ts';
import type { SettingListener, Sysctls } from './sysctls.ts';

/** What Linux tells of. */
const TOLD =
  /^net\/ipv4\/ip_forward$|^net\/ipv6\/conf\/all\/forwarding$|^net\/ipv4\/conf\/[^/]+\/(?:forwarding|rp_filter|proxy_arp)$|^net\/ipv6\/conf\/[^/]+\/(?:forwarding|proxy_ndp)$/;

/** {@link Sysctls} in memory: every key of an interface that is there exists and reads `0` until it is written. */
export class FakeSysctls implements Sysctls {
  /** Set by tests: lets the kernel refuse values that it would otherwise take; returns its words. */
  refuse: ((key: string, value: string) => string | undefined) | undefined;
  readonly #network: FakeNetwork;
  readonly #listeners = new Set<SettingListener>();
  readonly #onWritten: (key: string, value: string) => void;

  constructor(network: FakeNetwork, onWritten: (key: string, value: string) => void = () => {}) {
    this.#network = network;
    this.#onWritten = onWritten;
  }

  async read(key: string): Promise<string> {
    this.#requireKey(key);
    return this.#network.settings.get(key) ?? '0';
  }

  async write(key: string, value: string): Promise<boolean> {
    if ((await this.read(key)) === value) return false;
    const reason = this.refuse?.(key, value);
    if (reason !== undefined) {
      throw new FabricError('sysctl.refused', `/proc/sys/${key} does not take "${value}": ${reason}`, {
        details: { key },
      });
    }
    this.#network.settings.set(key, value);
    this.#onWritten(key, value);
    this.#tell(key, value);
    return true;
  }

  async watch(listener: SettingListener, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  /** What another program writes. */
  writeForeign(key: string, value: string): void {
    this.#network.settings.set(key, value);
    this.#tell(key, value);
  }

  /** Notifications are lost. */
  overrun(): void {
    for (const listener of [...this.#listeners]) listener.onOverrun();
  }

  #tell(key: string, value: string): void {
    if (!TOLD.test(key)) return;
    queueMicrotask(() => {
      for (const listener of [...this.#listeners]) listener.onChange(key, value);
    });
  }

  #requireKey(key: string): void {
    const match = /^net\/ipv[46]\/(?:conf|neigh)\/([^/]+)\//.exec(key);
    const name = match?.[1];
    if (key.startsWith('net/') && (name === undefined || name === 'all' || name === 'default')) return;
    if (name !== undefined && this.#network.interfaces.has(name)) return;
    throw new FabricError('sysctl.absent', `/proc/sys/${key} does not exist: the interface has gone`, {
      details: { key },
    });
  }
}
