import { constants } from 'node:os';
import {
  RTM_DELADDR,
  RTM_GETADDR,
  RTM_NEWADDR,
  readAddress,
  writeAddress,
  writeAddressDump,
} from '../netlink/address-message.ts';
import { prefixOctets } from '../netlink/address-octets.ts';
import { absentDevice, remembered } from '../netlink/interface-names.ts';
import type { NetlinkContext } from '../netlink/netlink-context.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../netlink/netlink-message.ts';
import type { Notification, NotificationKind } from '../netlink/notification.ts';
import type { IndexOf, Request } from '../netlink/request-channel.ts';
import { runChanges } from '../netlink/run-changes.ts';
import { SerialQueue } from '../process/serial-queue.ts';
import type {
  AddressChange,
  AddressFailure,
  AddressListener,
  AddressTable,
  InterfaceAddress,
} from './address-table.ts';

const { EADDRNOTAVAIL, EEXIST, ENODEV } = constants.errno;
const KINDS: ReadonlySet<NotificationKind> = new Set<NotificationKind>(['address']);
/** What a listing of an interface that has gone says. */
const GONE: ReadonlySet<number> = new Set([ENODEV]);

/** The {@link AddressTable} of the network namespace that we run in. */
export class KernelAddressTable implements AddressTable {
  readonly #context: NetlinkContext;
  readonly #queue = new SerialQueue();

  constructor(context: NetlinkContext) {
    this.#context = context;
  }

  apply(changes: readonly AddressChange[]): Promise<readonly AddressFailure[]> {
    return this.#queue.run(() =>
      runChanges(this.#context.rtnetlink, changes, {
        prepare,
        isNoFailure: ({ op }, errno) => (op === 'add' ? errno === EEXIST : errno === EADDRNOTAVAIL || errno === ENODEV),
      }),
    );
  }

  async list(device?: string): Promise<readonly InterfaceAddress[]> {
    const { rtnetlink } = this.#context;
    const interfaceIndex = device === undefined ? 0 : rtnetlink.names.indexOf(device);
    if (interfaceIndex === undefined) return [];
    const nameOf = remembered((index: number) => rtnetlink.names.nameOf(index));
    return rtnetlink.dump({
      type: RTM_GETADDR,
      write: (writer) => writeAddressDump(writer, interfaceIndex),
      read(octets, start, end) {
        const message = readAddress(octets, start, end);
        const name = message === undefined ? undefined : nameOf(message.interfaceIndex);
        return message === undefined || name === undefined ? undefined : { device: name, address: message.address };
      },
      emptyErrno: GONE,
    });
  }

  watch(listener: AddressListener, signal: AbortSignal): Promise<void> {
    const onNotifications = (notifications: readonly Notification[]): void => {
      for (const notification of notifications) {
        if (notification.kind !== 'address' || signal.aborted) continue;
        listener.onChange({ device: notification.device, address: notification.address });
      }
    };
    return this.#context.monitor.subscribe(
      { kinds: KINDS, onNotifications, onGap: () => listener.onOverrun() },
      signal,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.idle();
  }
}

function prepare({ op, address: { device, address } }: AddressChange, indexOf: IndexOf): Request | string | undefined {
  const prefix = prefixOctets(address);
  if (prefix === undefined) return `"${address}" is not an address with prefix length`;
  const interfaceIndex = indexOf(device);
  if (interfaceIndex === undefined) return op === 'delete' ? undefined : absentDevice(device);
  const [type, flags] = op === 'add' ? [RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL] : [RTM_DELADDR, 0];
  return { type, flags, write: (writer) => writeAddress(writer, { interfaceIndex, ...prefix }) };
}
