import type { FakeNetwork } from '../fake/fake-network.ts';
import { absentDevice } from '../netlink/interface-names.ts';
import type {
  AddressChange,
  AddressFailure,
  AddressListener,
  AddressTable,
  InterfaceAddress,
} from './address-table.ts';

/** An {@link AddressTable} in memory. */
export class FakeAddressTable implements AddressTable {
  /** Set by tests: lets the kernel refuse changes that it would otherwise take; returns its words. */
  refuse: ((change: AddressChange) => string | undefined) | undefined;
  readonly #network: FakeNetwork;
  readonly #onApplied: (changes: readonly AddressChange[]) => void;

  constructor(network: FakeNetwork, onApplied: (changes: readonly AddressChange[]) => void = () => {}) {
    this.#network = network;
    this.#onApplied = onApplied;
  }

  async apply(changes: readonly AddressChange[]): Promise<readonly AddressFailure[]> {
    const failures: AddressFailure[] = [];
    if (changes.length > 0) this.#onApplied(changes);
    for (const change of changes) {
      const { device, address } = change.address;
      const absent = change.op === 'add' && !this.#network.interfaces.has(device);
      const reason = this.refuse?.(change) ?? (absent ? absentDevice(device) : undefined);
      if (reason !== undefined) failures.push({ change, reason });
      else if (change.op === 'add') this.#network.putAddress(change.address);
      else this.#network.deleteAddress(`${device} ${address}`);
    }
    return failures;
  }

  async list(device?: string): Promise<readonly InterfaceAddress[]> {
    return [...this.#network.addresses.values()].filter((entry) => device === undefined || entry.device === device);
  }

  async watch(listener: AddressListener, signal: AbortSignal): Promise<void> {
    const onAddress = (address: InterfaceAddress) => {
      queueMicrotask(() => {
        if (!signal.aborted) listener.onChange(address);
      });
    };
    this.#network.listen({ onAddress }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
