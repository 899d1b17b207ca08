import type { AddressChange, AddressTable, InterfaceAddress, RouteTable } from '@slash32/linux';
import type { Logger } from '@slash32/shared';
import type { DriftLedger } from './drift-ledger.ts';
import { type KernelObjectTable, ManagedObjects } from './managed-objects.ts';

/** rtm_protocol of the routes that the kernel adds by itself: one per address. */
const RTPROT_KERNEL = 2;

/**
 * IPv6 addresses on the interfaces that are ours: the gateways of their endpoints. Any other IPv6 address there (an
 * autoconfigured one, say) is removed when seen. IPv4 addresses and other interfaces are somebody else's.
 */
export class AddressManager extends ManagedObjects<InterfaceAddress> {
  readonly #routes: RouteTable;
  readonly #isOurs: (device: string) => boolean;

  constructor(
    tables: { readonly addresses: AddressTable; readonly routes: RouteTable },
    logger: Logger,
    drift: DriftLedger,
    isOurs: (device: string) => boolean,
  ) {
    super(addressObjects(tables.addresses, isOurs), logger, drift);
    this.#routes = tables.routes;
    this.#isOurs = isOurs;
  }

  /** Subscribes. An address that goes takes its local route along; that is what is watched. Ends with `signal`. */
  async watch(onSuspect: () => void, signal: AbortSignal): Promise<void> {
    await this.#routes.watch(
      { protocol: RTPROT_KERNEL, family: 6 },
      {
        onEvents: (events) => {
          const lost = events.some(
            ({ type, route }) =>
              type === 'removed' &&
              route.type === 'local' &&
              route.nextHops.some(({ device }) => device !== undefined && this.#isOurs(device)),
          );
          if (lost) onSuspect();
        },
        onOverrun: onSuspect,
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
  const textOf = ({ device, address }: InterfaceAddress): string => `${device} ${address}`;
  return {
    kind: 'address',
    unwantedIsDrift: false,
    keyOf: textOf,
    textOf,
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
