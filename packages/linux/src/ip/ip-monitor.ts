import { Backoff, type Clock, type Logger, sleep } from '@slash32/shared';
import { LineSplitter } from '../process/line-splitter.ts';
import { NETLINK_ROUTE, netlinkSubscribed } from '../process/netlink-subscription.ts';
import { ipTool, type Tool, toolUnavailable } from '../process/tool.ts';
import { ToolProcess } from '../process/tool-process.ts';

export type IpRecordKind = 'link' | 'address' | 'route' | 'neighbour';

/** One notification, in the words of `ip -N -oneline monitor`. */
export interface IpRecord {
  readonly kind: IpRecordKind;
  readonly deleted: boolean;
  /** Without label and `Deleted `; a `\` stands where `ip` would begin a new line. */
  readonly text: string;
}

export interface IpMonitorListener {
  /** Records that came together, in the kernel's order. */
  onRecords(records: readonly IpRecord[]): void;
  /** Records may have been lost. */
  onGap(): void;
}

const KINDS = new Map<string, IpRecordKind>([
  ['[LINK]', 'link'],
  ['[ADDR]', 'address'],
  ['[ROUTE]', 'route'],
  ['[NEIGH]', 'neighbour'],
]);
/** What the kernel grants of it is bounded by net.core.rmem_max. */
const RECEIVE_BUFFER_OCTETS = 16 * 1024 * 1024;

/**
 * The notifications of rtnetlink, from one `ip monitor` child for all tables, so that they come in one order. Links are
 * always among them because `ip` learns from them which name an interface index has now.
 */
export class IpMonitor implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #listeners = new Set<IpMonitorListener>();
  readonly #backoff: Backoff;
  readonly #ended = new AbortController();
  #child: ToolProcess | undefined;
  #running: Promise<void> | undefined;

  constructor(options: { readonly clock: Clock; readonly logger: Logger; readonly random?: () => number }) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#backoff = new Backoff({ initialMs: 10, maxMs: 5_000, random: options.random ?? Math.random });
  }

  /**
   * Resolves when no later notification will be missed. Throws `AREA.unavailable` (of the subscriber's tool) if `ip`
   * cannot be run.
   */
  async subscribe(listener: IpMonitorListener, signal: AbortSignal, tool: Tool): Promise<void> {
    signal.throwIfAborted();
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
    this.#running ??= this.#start();
    try {
      await this.#running;
    } catch (error) {
      this.#running = undefined;
      this.#listeners.delete(listener);
      throw toolUnavailable(tool, error instanceof Error ? error.message : String(error), error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    this.#listeners.clear();
    await this.#child?.[Symbol.asyncDispose]();
  }

  async #start(): Promise<void> {
    this.#ended.signal.throwIfAborted();
    const tool = ipTool('monitor');
    const objects = ['link', 'address', 'route', 'neigh'];
    const args = ['-N', '-oneline', '-rc', String(RECEIVE_BUFFER_OCTETS), 'monitor', 'label', ...objects];
    const child = ToolProcess.start(tool, args);
    this.#child = child;
    const lines = new LineSplitter();
    child.onOutput('stdout', (text) => this.#deliver(lines.push(text)));
    child.onOutput('stderr', (text) => {
      // `ip` reads on after ENOBUFS; whatever else it says, it may have missed something.
      this.#logger.warn({ reason: text.trim() }, 'kernel notifications were lost; listing again');
      for (const listener of [...this.#listeners]) listener.onGap();
    });
    const subscribed = child.pid !== undefined && (await netlinkSubscribed(child.pid, NETLINK_ROUTE, this.#clock));
    if (!subscribed) {
      child.kill();
      const exit = await child.exited;
      throw exit.startError === undefined ? toolUnavailable(tool, 'it does not subscribe') : child.unavailable(exit);
    }
    this.#backoff.reset();
    void child.exited.then(() => this.#restart());
  }

  async #restart(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      this.#logger.warn({}, 'the monitor of kernel notifications ended; starting another');
      try {
        await sleep(this.#clock, this.#backoff.nextDelayMs(), this.#ended.signal);
        await this.#start();
        for (const listener of [...this.#listeners]) listener.onGap();
        return;
      } catch (error) {
        if (!this.#ended.signal.aborted) this.#logger.warn({ error: String(error) }, 'the monitor did not start');
      }
    }
  }

  #deliver(lines: readonly string[]): void {
    if (this.#listeners.size === 0) return;
    const records: IpRecord[] = [];
    for (const line of lines) {
      const record = readRecord(line);
      if (record !== undefined) records.push(record);
    }
    if (records.length === 0) return;
    for (const listener of [...this.#listeners]) listener.onRecords(records);
  }
}

function readRecord(line: string): IpRecord | undefined {
  const labelEnd = line.indexOf(']') + 1;
  const kind = KINDS.get(line.slice(0, labelEnd));
  if (kind === undefined) return undefined;
  const text = line.slice(labelEnd);
  const deleted = text.startsWith('Deleted ');
  return { kind, deleted, text: deleted ? text.slice('Deleted '.length) : text };
}
