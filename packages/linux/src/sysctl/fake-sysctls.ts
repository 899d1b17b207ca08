import { FabricError } from '@slash32/shared';
import type { FakeNetwork } from '../fake/fake-network.ts';
import type { Sysctls } from './sysctls.ts';

/** {@link Sysctls} in memory: every key of an interface that is there exists and reads `0` until it is written. */
export class FakeSysctls implements Sysctls {
  /** Set by tests: lets the kernel refuse values that it would otherwise take; returns its words. */
  refuse: ((key: string, value: string) => string | undefined) | undefined;
  readonly #network: FakeNetwork;
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
    return true;
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
