/** What a foreign transaction touched (`FAMILY NAME` of each table), or that notifications were lost. */
export type NftForeignChange =
  | { readonly type: 'changed'; readonly tables: ReadonlySet<string> }
  | { readonly type: 'lost' };

/**
 * Reads the lines of `nft monitor`: the objects that a transaction changed, one or more lines each, and behind them
 * `# new generation 7 by process 42 (nft)`.
 */
export class NftChangeReader {
  readonly #ownProcessName: string;
  /** Tables that the transaction being printed has changed. */
  #touched = new Set<string>();

  /** `ownProcessName`: the command name of the process whose transactions are not foreign. */
  constructor(ownProcessName: string) {
    this.#ownProcessName = ownProcessName;
  }

  read(line: string): NftForeignChange | undefined {
    // nft tells a lost notification (ENOBUFS) in its output, and reads on.
    if (line.startsWith('# ERROR')) return { type: 'lost' };
    const generation = /^# new generation \d+ by process \d+ \((.*)\)$/.exec(line);
    if (generation === null) {
      const table = /^(?:add|delete|insert|replace|reset|destroy) \w+ (\w+ \S+)/.exec(line)?.[1];
      if (table !== undefined) this.#touched.add(table);
      return undefined;
    }
    const tables = this.#touched;
    this.#touched = new Set();
    return generation[1] === this.#ownProcessName ? undefined : { type: 'changed', tables };
  }
}
