import { constants } from 'node:os';
import { addressOctets, macOctets } from '../netlink/address-octets.ts';
import { absentDevice, remembered } from '../netlink/interface-names.ts';
import {
  RTM_DELNEIGH,
  RTM_GETNEIGH,
  RTM_NEWNEIGH,
  readNeighbour,
  writeNeighbour,
  writeNeighbourDump,
} from '../netlink/neighbour-message.ts';
import type { NetlinkContext } from '../netlink/netlink-context.ts';
import { NLM_F_CREATE, NLM_F_REPLACE } from '../netlink/netlink-message.ts';
import type { IndexOf, Request } from '../netlink/request-channel.ts';
import { runChanges } from '../netlink/run-changes.ts';
import { ViewSynchronizer } from '../netlink/view-synchronizer.ts';
import { SerialQueue } from '../process/serial-queue.ts';
import type { NeighbourChange, NeighbourFailure, NeighbourTable, PermanentNeighbour } from './neighbour-table.ts';
import { NeighbourWatch } from './neighbour-watch.ts';

const { ENODEV, ENOENT, ENXIO } = constants.errno;
/** The entry or its interface is gone. */
const ABSENT: ReadonlySet<number> = new Set([ENODEV, ENOENT, ENXIO]);

/** The {@link NeighbourTable} of the network namespace that we run in. */
export class KernelNeighbourTable implements NeighbourTable {
  readonly #context: NetlinkContext;
  readonly #queue = new SerialQueue();

  constructor(context: NetlinkContext) {
    this.#context = context;
  }

  apply(changes: readonly NeighbourChange[]): Promise<readonly NeighbourFailure[]> {
    const { rtnetlink } = this.#context;
    return this.#queue.run(() =>
      runChanges(rtnetlink, changes, {
        prepare,
        isNoFailure: ({ op }, errno) => op === 'delete' && ABSENT.has(errno),
      }),
    );
  }

  async list(): Promise<readonly PermanentNeighbour[]> {
    const { rtnetlink } = this.#context;
    const nameOf = remembered((index: number) => rtnetlink.names.nameOf(index));
    return rtnetlink.dump({
      type: RTM_GETNEIGH,
      write: writeNeighbourDump,
      read(octets, start, end): PermanentNeighbour | undefined {
        const message = readNeighbour(octets, start, end);
        if (message?.permanent !== true || message.mac === undefined) return undefined;
        const device = nameOf(message.interfaceIndex);
        return device === undefined ? undefined : { device, address: message.address, mac: message.mac };
      },
    });
  }

  async watch(onChange: (device: string, address: string) => void, signal: AbortSignal): Promise<void> {
    const { monitor, clock, logger } = this.#context;
    const view = new NeighbourWatch(onChange, signal, () => this.list());
    const synchronizer = new ViewSynchronizer(view, { clock, logger, signal });
    await monitor.subscribe(synchronizer, signal);
    await synchronizer.begin();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.idle();
  }
}

function prepare({ op, neighbour }: NeighbourChange, indexOf: IndexOf): Request | string | undefined {
  const address = addressOctets(neighbour.address);
  if (address === undefined) return `"${neighbour.address}" is not an address`;
  const mac = macOctets(neighbour.mac);
  if (op === 'replace' && mac === undefined) return `"${neighbour.mac}" is not a MAC address`;
  const interfaceIndex = indexOf(neighbour.device);
  if (interfaceIndex === undefined) return op === 'delete' ? undefined : absentDevice(neighbour.device);
  const entry = { interfaceIndex, address, ...(op === 'delete' || mac === undefined ? {} : { mac }) };
  const [type, flags] = op === 'replace' ? [RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE] : [RTM_DELNEIGH, 0];
  return { type, flags, write: (writer) => writeNeighbour(writer, entry) };
}
