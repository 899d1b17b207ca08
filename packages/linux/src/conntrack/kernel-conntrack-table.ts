import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, tryParseIpAddress } from '@slash32/shared';
import { runTool } from '../process/run-tool.ts';
import { DEFAULT_TOOL_TIMEOUT_MS, type Tool, toolUnavailable } from '../process/tool.ts';
import type { ConntrackTable } from './conntrack-table.ts';
import { type ConnectionMatch, matchConnections } from './match-connections.ts';

export interface ConntrackOptions {
  readonly clock: Clock;
  /** How long one call may take; 30 s if left out. */
  readonly timeoutMs?: number;
  /** The program to run, for tests; `conntrack` if left out. */
  readonly command?: string;
}

/**
 * The {@link ConntrackTable} of the network namespace that we run in, through `conntrack`. Each deletion of that tool
 * walks the whole table, so one listing first says which deletions have anything to do.
 */
export class KernelConntrackTable implements ConntrackTable {
  readonly #tool: Tool;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(options: ConntrackOptions) {
    this.#tool = { command: options.command ?? 'conntrack', debianPackage: 'conntrack', area: 'conntrack' };
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TOOL_TIMEOUT_MS;
  }

  async deleteByAddresses(addresses: readonly string[]): Promise<number> {
    const known = addresses.filter((address) => tryParseIpAddress(address) !== undefined);
    const ipv6 = known.filter((address) => address.includes(':'));
    const ipv4 = known.filter((address) => !address.includes(':'));
    const counts = await Promise.all([this.#deleteFamily('ipv4', ipv4), this.#deleteFamily('ipv6', ipv6)]);
    return counts[0] + counts[1];
  }

  async #deleteFamily(family: 'ipv4' | 'ipv6', addresses: readonly string[]): Promise<number> {
    if (addresses.length === 0) return 0;
    const found = matchConnections(await this.#run(['-L', '-f', family]), new Set(addresses));
    if (found.connections === 0) return 0;
    // As its standard input the tool takes no socket, which is what node gives a child.
    const directory = await mkdtemp(join(tmpdir(), 'slash32-conntrack-'));
    try {
      const file = join(directory, 'deletions');
      await writeFile(file, found.matches.map((match) => renderDeletion(family, match)).join(''), { mode: 0o600 });
      await this.#run(['-R', file]);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
    return found.connections;
  }

  async #run(args: readonly string[]): Promise<string> {
    const result = await runTool(this.#tool, args, { clock: this.#clock, timeoutMs: this.#timeoutMs });
    if (result.exitCode !== 0) throw toolUnavailable(this.#tool, result.stderr.trim());
    return result.stdout;
  }
}

const POSITION_FLAGS = ['-s', '-d', '-r', '-q'] as const;

function renderDeletion(family: string, match: ConnectionMatch): string {
  return `-D -f ${family} ${POSITION_FLAGS[match.position]} ${match.address}\n`;
}
