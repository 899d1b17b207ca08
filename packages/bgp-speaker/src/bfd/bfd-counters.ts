const FIELDS = ['sent', 'received', 'discarded', 'hopLimitDiscarded', 'sendErrors'] as const;
export type BfdCount = (typeof FIELDS)[number];
export type BfdCounts = Readonly<Record<BfdCount, number>>;

/**
 * Packet counts of one session, written in the worker and read on the main thread without asking it: both look at the
 * same memory. One writer; a count is a double, which 64-bit machines write at once.
 */
export class BfdCounters {
  readonly memory: SharedArrayBuffer;
  readonly #counts: Float64Array;

  /** `memory`: that of the counters on the other side; absent: new ones. */
  constructor(memory = new SharedArrayBuffer(FIELDS.length * Float64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#counts = new Float64Array(memory);
  }

  increment(field: BfdCount): void {
    const index = FIELDS.indexOf(field);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  /** `hopLimitDiscarded`: not 255 on a single hop (RFC 5881 5); `discarded`: any other fault. */
  read(): BfdCounts {
    const [sent = 0, received = 0, discarded = 0, hopLimitDiscarded = 0, sendErrors = 0] = this.#counts;
    return { sent, received, discarded, hopLimitDiscarded, sendErrors };
  }
}
