import type { ConntrackTable } from '@slash32/linux';
import { hasErrorCode, type Logger } from '@slash32/shared';

/** Makes the kernel forget the connections of addresses that are nobody's any more. */
export class ConnectionCleaner {
  readonly #conntrack: ConntrackTable;
  readonly #logger: Logger;
  readonly #onForgotten: (count: number) => void;
  #failure: string | undefined;

  constructor(conntrack: ConntrackTable, logger: Logger, onForgotten: (count: number) => void) {
    this.#conntrack = conntrack;
    this.#logger = logger;
    this.#onForgotten = onForgotten;
  }

  /** Why it cannot do so on this host, if so. Then the policy alone judges what these connections still send. */
  get failure(): string | undefined {
    return this.#failure;
  }

  async forget(addresses: readonly string[]): Promise<void> {
    if (addresses.length === 0) return;
    try {
      const count = await this.#conntrack.deleteByAddresses(addresses);
      this.#failure = undefined;
      this.#onForgotten(count);
      this.#logger.debug({ addresses, count }, 'connections forgotten');
    } catch (error) {
      if (!hasErrorCode(error, 'conntrack.unavailable')) throw error;
      if (this.#failure === undefined) this.#logger.warn({ err: error }, 'connections cannot be forgotten');
      this.#failure = error.message;
    }
  }
}
