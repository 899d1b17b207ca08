import type { AddressChange, AddressTable, InterfaceAddress } from '@slash32/linux';
import type { Logger } from '@slash32/shared';
import type { DriftLedger } from './drift-ledger.ts';
import type { KernelObjectTable } from './managed-objects.ts';
import { type TapObjectListener, TapObjects } from './tap-objects.ts';

/**
 * IPv6 addresses on the interfaces that are ours: the gateways of their endpoints. Any other IPv6 address there (an
 * autoconfigured one, say) is removed when seen. IPv4 addresses and other interfaces are somebody else's.
 */
export class AddressManager extends TapObjects<InterfaceAddress> {
  readonly #table: AddressTable;

  constructor(table: AddressTable, logger: Logger, drift: DriftLedger, isOurs: (device: string) => boolean) {
    super(addressObjects(table), logger, drift, isOurs);
    this.#table = table;
  }

  /** Subscribes. Ends when `signal` aborts. */
  async watch(listener: TapObjectListener, signal: AbortSignal): Promise<void> {
    await this.#table.watch(
      {
        onChange: (address) => {
          if (isIpv6(address)) this.told(address.device, addressKey(address), listener);
        },
        onOverrun: listener.onSuspect,
      },
      signal,
    );
  }
}

function addressObjects(table: AddressTable): KernelObjectTable<InterfaceAddress> {
  return {
    kind: 'address',
    unwantedIsDrift: false,
    keyOf: addressKey,
    textOf: addressKey,
    describe: ({ device, address }) => `${address} dev ${device}`,
    list: async () => (await table.list()).filter(isIpv6),
    async apply(removals, additions) {
      const changes: AddressChange[] = [
        ...removals.map((address): AddressChange => ({ op: 'delete', address })),
        ...additions.map((address): AddressChange => ({ op: 'add', address })),
      ];
      return new Map((await table.apply(changes)).map(({ change, reason }) => [change.address, reason]));
    },
  };
}

function isIpv6({ address }: InterfaceAddress): boolean {
  return address.includes(':');
}

function addressKey({ device, address }: InterfaceAddress): string {
  return `${device} ${address}`;
}
