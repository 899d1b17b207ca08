import { type Clock, type Logger, tryParseIpAddress, tryParseMacAddress } from '@slash32/shared';
import { runChanges } from '../ip/change-batch.ts';
import { deviceNameRefusal } from '../ip/device-name.ts';
import { IpBatch } from '../ip/ip-batch.ts';
import type { IpMonitor } from '../ip/ip-monitor.ts';
import { DEFAULT_TIMEOUT_MS, type IpOptions } from '../ip/ip-options.ts';
import { ViewSynchronizer } from '../ip/view-synchronizer.ts';
import { runTool } from '../process/run-tool.ts';
import { SerialQueue } from '../process/serial-queue.ts';
import { ipTool, toolUnavailable } from '../process/tool.ts';
import type { NeighbourChange, NeighbourFailure, NeighbourTable, PermanentNeighbour } from './neighbour-table.ts';
import { NeighbourWatch } from './neighbour-watch.ts';
import { parseNeighbourListing } from './parse-neighbour.ts';

const TOOL = ipTool('neighbour');

/** The {@link NeighbourTable} of the network namespace that we run in, through `ip`. */
export class KernelNeighbourTable implements NeighbourTable {
  readonly #monitor: IpMonitor;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #batch: IpBatch;
  readonly #queue = new SerialQueue();

  /** The monitor stays the caller's, who disposes it. */
  constructor(options: IpOptions & { readonly monitor: IpMonitor; readonly logger: Logger }) {
    this.#monitor = options.monitor;
    this.#logger = options.logger;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#batch = new IpBatch(TOOL, { clock: this.#clock, timeoutMs: this.#timeoutMs });
  }

  apply(changes: readonly NeighbourChange[]): Promise<readonly NeighbourFailure[]> {
    return this.#queue.run(() => runChanges(this.#batch, changes, CHANGE_RULES));
  }

  async list(): Promise<readonly PermanentNeighbour[]> {
    const options = { clock: this.#clock, timeoutMs: this.#timeoutMs };
    const result = await runTool(TOOL, ['-j', 'neigh', 'show', 'nud', 'permanent'], options);
    if (result.exitCode !== 0) throw toolUnavailable(TOOL, result.stderr.trim());
    return parseNeighbourListing(result.stdout);
  }

  async watch(onChange: (device: string, address: string) => void, signal: AbortSignal): Promise<void> {
    const view = new NeighbourWatch(onChange, signal, () => this.list());
    const synchronizer = new ViewSynchronizer(view, { clock: this.#clock, logger: this.#logger, signal });
    await this.#monitor.subscribe(synchronizer, signal, TOOL);
    await synchronizer.begin();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.idle();
    await this.#batch[Symbol.asyncDispose]();
  }
}

const CHANGE_RULES = {
  render({ op, neighbour: { address, device, mac } }: NeighbourChange): string {
    if (op === 'delete') return `neigh del ${address} dev ${device}`;
    return `neigh replace ${address} lladdr ${mac} dev ${device} nud permanent`;
  },
  refusal({ op, neighbour: { address, device, mac } }: NeighbourChange): string | undefined {
    if (tryParseIpAddress(address) === undefined) return `"${address}" is not an address`;
    if (op === 'replace' && tryParseMacAddress(mac) === undefined) return `"${mac}" is not a MAC address`;
    return deviceNameRefusal(device);
  },
  isNoFailure({ op }: NeighbourChange, reason: string): boolean {
    return op === 'delete' && /^(?:No such file or directory|Cannot find device .*)$/.test(reason);
  },
};
