import type { InterfaceEvent, NetworkInterface } from '@slash32/linux';

export interface TrackedLink {
  readonly name: string;
  /** Changes when an interface of the same name is made anew. */
  readonly index: number;
  readonly up: boolean;
  /** Wall clock, when this link was first seen. */
  readonly seenAtMs: number;
}

export interface LinkListener {
  /** The interface came, or its state changed. */
  onChanged(name: string): void;
  /** It went, went down, or was made anew: the kernel has dropped the routes, neighbours and addresses on it. */
  onLost(name: string): void;
}

/** Which interfaces there are now, from the monitor's events. */
export class LinkTracker {
  readonly #links = new Map<string, TrackedLink>();
  readonly #wallMs: () => number;
  readonly #listener: LinkListener;

  constructor(wallMs: () => number, listener: LinkListener) {
    this.#wallMs = wallMs;
    this.#listener = listener;
  }

  get(name: string): TrackedLink | undefined {
    return this.#links.get(name);
  }

  apply(events: readonly InterfaceEvent[]): void {
    for (const event of events) {
      if (event.type === 'present') this.#present(event.link);
      else if (this.#links.get(event.name)?.index === event.index) {
        this.#links.delete(event.name);
        this.#listener.onLost(event.name);
      }
    }
  }

  /** We brought it up ourselves; the monitor will say so later. */
  raised(name: string, index: number): void {
    const link = this.#links.get(name);
    if (link?.index === index) this.#links.set(name, { ...link, up: true });
  }

  #present({ name, index, up }: NetworkInterface): void {
    const before = this.#links.get(name);
    const isSame = before?.index === index;
    if (isSame && before.up === up) return;
    this.#links.set(name, { name, index, up, seenAtMs: isSame ? before.seenAtMs : this.#wallMs() });
    if (before !== undefined && (!isSame || before.up)) this.#listener.onLost(name);
    else this.#listener.onChanged(name);
  }
}
