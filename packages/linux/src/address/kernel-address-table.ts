import { type Clock, formatIpAddress, parseIpAddress, tryParseIpAddress, tryParseIpPrefix } from '@slash32/shared';
import { runChanges } from '../ip/change-batch.ts';
import { deviceNameRefusal } from '../ip/device-name.ts';
import { IpBatch } from '../ip/ip-batch.ts';
import type { IpMonitor, IpRecord } from '../ip/ip-monitor.ts';
import { DEFAULT_TIMEOUT_MS, type IpOptions } from '../ip/ip-options.ts';
import { runTool } from '../process/run-tool.ts';
import { SerialQueue } from '../process/serial-queue.ts';
import { ipTool, toolUnavailable } from '../process/tool.ts';
import type {
  AddressChange,
  AddressFailure,
  AddressListener,
  AddressTable,
  InterfaceAddress,
} from './address-table.ts';

const TOOL = ipTool('address');

interface JsonInterface {
  readonly ifname?: string;
  readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[];
}

/** The {@link AddressTable} of the network namespace that we run in, through `ip`. Errors: `address.unavailable`, `address.timeout`. */
export class KernelAddressTable implements AddressTable {
  readonly #monitor: IpMonitor;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #batch: IpBatch;
  readonly #queue = new SerialQueue();

  /** The monitor stays the caller's, who disposes it. */
  constructor(options: IpOptions & { readonly monitor: IpMonitor }) {
    this.#monitor = options.monitor;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#batch = new IpBatch(TOOL, { clock: this.#clock, timeoutMs: this.#timeoutMs });
  }

  apply(changes: readonly AddressChange[]): Promise<readonly AddressFailure[]> {
    return this.#queue.run(() => runChanges(this.#batch, changes, CHANGE_RULES));
  }

  async list(device?: string): Promise<readonly InterfaceAddress[]> {
    if (device !== undefined && deviceNameRefusal(device) !== undefined) return [];
    const args = ['-j', 'addr', 'show', ...(device === undefined ? [] : ['dev', device])];
    const result = await runTool(TOOL, args, { clock: this.#clock, timeoutMs: this.#timeoutMs });
    if (result.exitCode === 0) return parseAddressListing(result.stdout);
    if (device !== undefined && result.stderr.includes('does not exist')) return [];
    throw toolUnavailable(TOOL, result.stderr.trim());
  }

  watch(listener: AddressListener, signal: AbortSignal): Promise<void> {
    const onRecords = (records: readonly IpRecord[]): void => {
      for (const { kind, text } of records) {
        const address = kind === 'address' ? readAddressRecord(text) : undefined;
        if (address !== undefined) listener.onChange(address);
      }
    };
    return this.#monitor.subscribe({ onRecords, onGap: () => listener.onOverrun() }, signal, TOOL);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.idle();
    await this.#batch[Symbol.asyncDispose]();
  }
}

function parseAddressListing(json: string): readonly InterfaceAddress[] {
  if (json.trim() === '') return [];
  return (JSON.parse(json) as readonly JsonInterface[]).flatMap(({ ifname, addr_info: entries = [] }) =>
    entries.flatMap(({ local, prefixlen }) => {
      if (ifname === undefined || local === undefined || prefixlen === undefined) return [];
      return [{ device: ifname, address: `${formatIpAddress(parseIpAddress(local))}/${prefixlen}` }];
    }),
  );
}

/** Reads `3: tap1    inet6 fe80::1/64 scope link nodad \\ …`; a peer address has its prefix length behind `peer`. */
function readAddressRecord(text: string): InterfaceAddress | undefined {
  const match = /^\d+: (\S+)\s+inet6? (\S+?)(?:\/(\d+)| peer \S+?\/(\d+))(?=\s|$)/.exec(text);
  const address = match?.[2] === undefined ? undefined : tryParseIpAddress(match[2]);
  const length = match?.[3] ?? match?.[4];
  if (match?.[1] === undefined || address === undefined || length === undefined) return undefined;
  return { device: match[1], address: `${formatIpAddress(address)}/${length}` };
}

const CHANGE_RULES = {
  render({ op, address: { device, address } }: AddressChange): string {
    if (op === 'delete') return `addr del ${address} dev ${device}`;
    // Waiting for duplicate detection, a gateway would not answer its instance.
    return `addr add ${address} dev ${device}${address.includes(':') ? ' nodad' : ''}`;
  },
  refusal({ address: { device, address } }: AddressChange): string | undefined {
    if (tryParseIpPrefix(address) === undefined) return `"${address}" is not an address with prefix length`;
    return deviceNameRefusal(device);
  },
  isNoFailure({ op }: AddressChange, reason: string): boolean {
    if (op === 'add') return /^File exists$|[Aa]ddress already assigned/.test(reason);
    return /^Cannot assign requested address$|^Cannot find device|[Aa]ddress not found/.test(reason);
  },
};
