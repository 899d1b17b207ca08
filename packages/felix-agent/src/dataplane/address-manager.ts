import type { AddressChange, AddressTable, InterfaceAddress } from '@slash32/linux';
import type { Logger } from '@slash32/shared';
import type { DriftLedger } from './drift-ledger.ts';
import { type KernelObjectTable, ManagedObjects } from './managed-objects.ts';

/**
 * IPv6 addresses on the interfaces that are ours: the gateways of their endpoints. Any other IPv6 address there (an
 * autoconfigured one, say) is removed when seen. IPv4 addresses and other interfaces are somebody else's.
 */
export class AddressManager extends ManagedObjects<InterfaceAddress> {
  readonly #table: AddressTable;
  readonly #isOurs: (device: string) => boolean;

  constructor(table: AddressTable, logger: Logger, drift: DriftLedger, isOurs: (device: string) => boolean) {
    super(addressObjects(table, isOurs), logger, drift);
    this.#table = table;
    this.#isOurs = isOurs;
  }

  /**
   * Subscribes. `onSuspect` is called for a change that cannot be our own, `onPerhapsOurs` for the others, which need
   * no haste. Ends when `signal` aborts.
   */
  async watch(
    listener: { readonly onSuspect: () => void; readonly onPerhapsOurs: () => void },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#table.watch(
      {
        onChange: (address) => {
          if (!this.#isOurs(address.device) || !address.address.includes(':')) return;
          if (this.hasChanged(addressKey(address))) listener.onPerhapsOurs();
          else listener.onSuspect();
        },
        onOverrun: listener.onSuspect,
      },
      signal,
    );
  }

  /** The interface went, or went down; the kernel drops its IPv6 addresses. */
  forgetInterface(name: string): void {
    this.forget(({ device }) => device === name);
  }
}

function addressObjects(table: AddressTable, isOurs: (device: string) => boolean): KernelObjectTable<InterfaceAddress> {
  return {
    kind: 'address',
    unwantedIsDrift: false,
    keyOf: addressKey,
    textOf: addressKey,
    describe: ({ device, address }) => `${address} dev ${device}`,
    async list() {
      return (await table.list()).filter(({ device, address }) => isOurs(device) && address.includes(':'));
    },
    async apply(removals, additions) {
      const changes: AddressChange[] = [
        ...removals.map((address): AddressChange => ({ op: 'delete', address })),
        ...additions.map((address): AddressChange => ({ op: 'add', address })),
      ];
      return new Map((await table.apply(changes)).map(({ change, reason }) => [change.address, reason]));
    },
  };
}

function addressKey({ device, address }: InterfaceAddress): string {
  return `${device} ${address}`;
}
