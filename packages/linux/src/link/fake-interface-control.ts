import { FabricError } from '@slash32/shared';
import type { FakeNetwork } from '../fake/fake-network.ts';
import type { InterfaceControl } from './interface-control.ts';

/** An {@link InterfaceControl} in memory. */
export class FakeInterfaceControl implements InterfaceControl {
  readonly #network: FakeNetwork;
  readonly #onSetUp: (name: string) => void;

  constructor(network: FakeNetwork, onSetUp: (name: string) => void = () => {}) {
    this.#network = network;
    this.#onSetUp = onSetUp;
  }

  async setUp(name: string): Promise<void> {
    const link = this.#network.interfaces.get(name);
    if (link === undefined) {
      throw new FabricError('link.absent', `interface ${name} does not exist`, { details: { name } });
    }
    if (link.up) return;
    this.#onSetUp(name);
    this.#network.putInterface(name, { up: true, carrier: true });
  }
}
