import type { ProgrammingTrace } from '@slash32/shared';

/** The latest endpoints that came up, oldest first. */
export class TraceLog {
  readonly #capacity: number;
  #traces: ProgrammingTrace[] = [];

  constructor(capacity = 1_000) {
    this.#capacity = capacity;
  }

  get latest(): readonly ProgrammingTrace[] {
    return this.#traces.slice(-this.#capacity);
  }

  add(trace: ProgrammingTrace): void {
    this.#traces.push(trace);
    if (this.#traces.length >= 2 * this.#capacity) this.#traces = this.#traces.slice(-this.#capacity);
  }
}
