/** Collects events and hands them over together in a microtask, as a netlink socket would after a burst. */
export class FakeEventBatch<Event> {
  #pending: Event[] = [];
  readonly #deliver: (events: readonly Event[]) => void;
  readonly #signal: AbortSignal;

  constructor(deliver: (events: readonly Event[]) => void, signal: AbortSignal) {
    this.#deliver = deliver;
    this.#signal = signal;
  }

  add(event: Event): void {
    this.#pending.push(event);
    if (this.#pending.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const events = this.#pending;
    this.#pending = [];
    if (!this.#signal.aborted) this.#deliver(events);
  }
}
