import { type AddressFamily, type Clock, type Logger, tryParseIpAddress, tryParseIpPrefix } from '@slash32/shared';
import { runChanges } from '../ip/change-batch.ts';
import { deviceNameRefusal } from '../ip/device-name.ts';
import { IpBatch } from '../ip/ip-batch.ts';
import type { IpMonitor } from '../ip/ip-monitor.ts';
import { DEFAULT_TIMEOUT_MS, type IpOptions } from '../ip/ip-options.ts';
import { ViewSynchronizer } from '../ip/view-synchronizer.ts';
import { runTool } from '../process/run-tool.ts';
import { SerialQueue } from '../process/serial-queue.ts';
import { ipTool, toolUnavailable } from '../process/tool.ts';
import { parseRouteListing } from './parse-route.ts';
import { renderRouteChange } from './render-route.ts';
import type { KernelRoute, RouteChange, RouteFailure, RouteFilter, RouteTable } from './route-table.ts';
import { type RouteListener, RouteWatch } from './route-watch.ts';

const FAMILIES: readonly AddressFamily[] = [4, 6];
const TOOL = ipTool('route');

/** The {@link RouteTable} of the network namespace that we run in, through `ip`. */
export class KernelRouteTable implements RouteTable {
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

  apply(changes: readonly RouteChange[]): Promise<readonly RouteFailure[]> {
    return this.#queue.run(() => runChanges(this.#batch, changes, CHANGE_RULES));
  }

  async list(filter: RouteFilter = {}): Promise<readonly KernelRoute[]> {
    const families = filter.family === undefined ? FAMILIES : [filter.family];
    const selections = [['main'], ['local', 'type', 'local']];
    const listings = families.flatMap((family) =>
      selections.map((selection) => this.#listTable(family, selection, filter.protocol)),
    );
    return (await Promise.all(listings)).flat();
  }

  async watch(filter: RouteFilter, listener: RouteListener, signal: AbortSignal): Promise<void> {
    const view = new RouteWatch(filter, listener, signal, () => this.list(filter));
    const synchronizer = new ViewSynchronizer(view, { clock: this.#clock, logger: this.#logger, signal });
    await this.#monitor.subscribe(synchronizer, signal, TOOL);
    await synchronizer.begin();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.idle();
    await this.#batch[Symbol.asyncDispose]();
  }

  async #listTable(family: AddressFamily, selection: readonly string[], protocol: number | undefined) {
    const args = ['-j', '-N', `-${family}`, 'route', 'show', 'table', ...selection];
    if (protocol !== undefined) args.push('proto', String(protocol));
    const result = await runTool(TOOL, args, { clock: this.#clock, timeoutMs: this.#timeoutMs });
    if (result.exitCode === 0) return parseRouteListing(result.stdout, family, protocol);
    // A family that is switched off has no tables.
    if (result.stderr.includes('FIB table does not exist')) return [];
    throw toolUnavailable(TOOL, result.stderr.trim());
  }
}

const CHANGE_RULES = {
  render: renderRouteChange,
  refusal(change: RouteChange): string | undefined {
    const { route } = change;
    if (tryParseIpPrefix(route.prefix) === undefined) return `"${route.prefix}" is not a prefix`;
    if (change.op === 'delete') return undefined;
    if (route.type === 'unicast' && route.nextHops.length === 0) return 'a unicast route needs a next hop';
    if (route.source !== undefined && tryParseIpAddress(route.source) === undefined) {
      return `"${route.source}" is not an address`;
    }
    for (const { gateway, device } of route.nextHops) {
      if (gateway !== undefined && tryParseIpAddress(gateway) === undefined) return `"${gateway}" is not an address`;
      const reason = device === undefined ? undefined : deviceNameRefusal(device);
      if (reason !== undefined) return reason;
    }
    return undefined;
  },
  /** ESRCH: there is no such route; the IPv6 table or the IPv4 one may not exist before its first route. */
  isNoFailure(change: RouteChange, reason: string): boolean {
    return change.op === 'delete' && /^(?:No such process|.*FIB table does not exist.*)$/.test(reason);
  },
};
