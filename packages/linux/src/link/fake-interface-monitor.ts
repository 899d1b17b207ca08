import { FakeEventBatch } from '../fake/fake-event-batch.ts';
import type { FakeNetwork } from '../fake/fake-network.ts';
import type { InterfaceEvent, InterfaceMonitor, NetworkInterface } from './interface-monitor.ts';

/** An {@link InterfaceMonitor} in memory. */
export class FakeInterfaceMonitor implements InterfaceMonitor {
  readonly #network: FakeNetwork;

  constructor(network: FakeNetwork) {
    this.#network = network;
  }

  async list(): Promise<readonly NetworkInterface[]> {
    return [...this.#network.interfaces.values()];
  }

  async watch(listener: (events: readonly InterfaceEvent[]) => void, signal: AbortSignal): Promise<void> {
    const batch = new FakeEventBatch<InterfaceEvent>(listener, signal);
    this.#network.listen({ onInterface: (event) => batch.add(event) }, signal);
    listener([...this.#network.interfaces.values()].map((link) => ({ type: 'present', link })));
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
