import {
  type Clock,
  type Logger,
  type NftChange,
  type NftElementCounter,
  type NftRuleset,
  type NftTable,
  type NftTableId,
  silentLogger,
} from '@slash32/shared';
import { runTool } from '../process/run-tool.ts';
import { SerialQueue } from '../process/serial-queue.ts';
import { DEFAULT_TOOL_TIMEOUT_MS, toolTimeout, toolUnavailable } from '../process/tool.ts';
import { isRejection, nftRejection, STATEMENT_SEPARATOR } from './nft-failure.ts';
import { NftMonitor } from './nft-monitor.ts';
import { NftSession } from './nft-session.ts';
import { NFT, NftTool } from './nft-tool.ts';
import type { NftApplyResult, NftTransactor } from './nft-transactor.ts';
import { isDormant, parseSetCounters, parseTableListing } from './parse-listing.ts';
import { type RenderedTransaction, renderChanges } from './render-changes.ts';

export interface NftTransactorOptions {
  readonly clock: Clock;
  readonly logger?: Logger;
  /** How long one transaction may take; 30 s if left out. */
  readonly timeoutMs?: number;
  /** The program to run, for tests; `nft` if left out. */
  readonly command?: string;
}

/** Longer texts go through a file: the line editor inside `nft -i` costs more per octet than nft itself. */
const LINE_LIMIT = 2_048;
/** After so much a session is replaced: `nft -i` keeps all lines that it got. */
const SESSION_LIMIT_OCTETS = 16 * 1024 * 1024;

/**
 * The {@link NftTransactor} of the network namespace that we run in. After `nft.timeout`, and after `nft.unavailable`
 * in the middle of a transaction, it is unknown whether the transaction was applied: list again.
 */
export class KernelNftTransactor implements NftTransactor {
  readonly #command: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #timeoutMs: number;
  readonly #queue = new SerialQueue();
  #tool: Promise<NftTool> | undefined;
  #monitor: NftMonitor | undefined;
  #session: NftSession | undefined;

  /** Starts nothing: children come with the first use that needs them. */
  constructor(options: NftTransactorOptions) {
    this.#command = options.command ?? NFT.command;
    this.#clock = options.clock;
    this.#logger = options.logger ?? silentLogger;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TOOL_TIMEOUT_MS;
  }

  apply(changes: readonly NftChange[]): Promise<NftApplyResult> {
    return this.#queue.run(async () => {
      const transaction = renderChanges(changes);
      if (transaction.statements.length === 0) return { bytes: 0, durationMs: 0 };
      const startedMs = this.#clock.monotonicMs();
      const stderr = await this.#execute(transaction);
      if (isRejection(stderr)) throw nftRejection(stderr, transaction);
      if (stderr !== '') this.#logger.warn({ stderr }, 'nft had remarks on a transaction');
      return { bytes: Buffer.byteLength(transaction.text), durationMs: this.#clock.monotonicMs() - startedMs };
    });
  }

  async list(tables: readonly NftTableId[]): Promise<NftRuleset> {
    const listed = await Promise.all(tables.map((id) => this.#listTable(id)));
    return new Map(listed.flatMap((table) => (table === undefined ? [] : [[table.id, table]])));
  }

  async counters(
    table: NftTableId,
    sets: readonly string[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, NftElementCounter>>> {
    const counters = new Map<string, ReadonlyMap<string, NftElementCounter>>();
    // One after the other: nft 1.0.6 does not find two sets that one run is to list.
    for (const set of sets) {
      const listing = await this.#read(['-jnn', 'list', 'set', ...table.split(' '), set]);
      if (listing !== undefined) counters.set(set, parseSetCounters(listing));
    }
    return counters;
  }

  async watch(tables: readonly NftTableId[], onForeignChange: () => void, signal: AbortSignal): Promise<void> {
    const { processName } = await this.#ready();
    this.#monitor ??= new NftMonitor({ ownProcessName: processName, clock: this.#clock, logger: this.#logger });
    await this.#monitor.subscribe({ tables: new Set(tables), onForeignChange }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.idle();
    await this.#monitor?.[Symbol.asyncDispose]();
    await this.#session?.[Symbol.asyncDispose]();
    const tool = await this.#tool?.catch(() => undefined);
    await tool?.[Symbol.asyncDispose]();
  }

  async #ready(): Promise<NftTool> {
    this.#tool ??= NftTool.open(this.#command);
    try {
      return await this.#tool;
    } catch (error) {
      this.#tool = undefined;
      throw error;
    }
  }

  async #execute({ statements, text }: RenderedTransaction): Promise<string> {
    const tool = await this.#ready();
    let line = statements.map((statement) => statement.text).join(STATEMENT_SEPARATOR);
    if (line.length > LINE_LIMIT) {
      line = `include "${await tool.writeTransaction(text)}"`;
    }
    // Once more if nft ended before it could get the line, as when an idle session was killed a moment ago.
    const answer = (await this.#executeLine(tool, line)) ?? (await this.#executeLine(tool, line));
    if (answer === undefined) throw toolUnavailable(NFT, 'it ends as soon as it has started');
    return answer;
  }

  /** `undefined`: nft ended before it could get the line. */
  async #executeLine(tool: NftTool, line: string): Promise<string | undefined> {
    const session = await this.#readySession(tool);
    let timedOut = false;
    const timer = this.#clock.schedule(this.#timeoutMs, () => {
      timedOut = true;
      void session[Symbol.asyncDispose]();
    });
    try {
      return await session.execute(line);
    } catch (error) {
      throw timedOut ? toolTimeout(NFT, this.#timeoutMs) : error;
    } finally {
      timer.cancel();
    }
  }

  async #readySession(tool: NftTool): Promise<NftSession> {
    const session = this.#session;
    if (session?.running === true && session.octets < SESSION_LIMIT_OCTETS) return session;
    if (session?.running === false) this.#logger.warn({}, 'the nft session ended; starting another');
    await session?.[Symbol.asyncDispose]();
    this.#session = new NftSession(await tool.writer());
    return this.#session;
  }

  async #listTable(id: NftTableId): Promise<NftTable | undefined> {
    const args = ['list', 'table', ...id.split(' ')];
    const [listing, header] = await Promise.all([this.#read(['-jnn', ...args]), this.#read(['-t', ...args])]);
    if (listing === undefined || header === undefined || isDormant(header)) return undefined;
    return parseTableListing(listing, id);
  }

  async #read(args: readonly string[]): Promise<string | undefined> {
    const tool = { ...NFT, command: this.#command };
    const result = await runTool(tool, args, { clock: this.#clock, timeoutMs: this.#timeoutMs });
    if (result.exitCode === 0) return result.stdout;
    if (result.stderr.includes('No such file or directory')) return undefined;
    throw toolUnavailable(NFT, result.stderr.trim());
  }
}
