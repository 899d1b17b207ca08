import { join } from 'node:path';
import type { Namespace } from '../lab/namespace.ts';
import type { WirePeerCommand, WirePeerEvent, WirePeerSettings } from './wire-peer-messages.ts';
import { type EventOf, WireProcess } from './wire-process.ts';

const PROGRAM = join(import.meta.dirname, 'wire-peer-main.ts');

type PeerEvent<Name extends WirePeerEvent['event']> = EventOf<WirePeerEvent, Name>;

/** A minimal BGP peer in a process and namespace of its own. */
export class WirePeer implements Disposable {
  readonly #process: WireProcess<WirePeerCommand, WirePeerEvent>;
  /** Address (unsigned) → when it came. */
  readonly #arrivals = new Map<number, number>();

  constructor(namespace: Namespace, settings: WirePeerSettings) {
    this.#process = new WireProcess(namespace, PROGRAM, settings, {
      onEvent: (event) => {
        if (event.event === 'arrived') for (const address of event.addresses) this.#arrivals.set(address, event.atMs);
      },
    });
  }

  /** Resolves when the session is up. */
  async open(): Promise<PeerEvent<'established'>> {
    const established = this.#process.next('established');
    this.#process.tell({ op: 'open' });
    return await established;
  }

  /** Opens a session and waits for `count` prefixes. */
  async openAndReceive(count: number): Promise<PeerEvent<'received'> & { readonly establishedMs: number }> {
    const established = this.#process.next('established');
    const received = this.#process.next('received');
    this.#process.tell({ op: 'open', expect: count });
    const [{ atMs: establishedMs }, event] = await Promise.all([established, received]);
    return { ...event, establishedMs };
  }

  /** Resolves when `count` prefixes are there; updates count from the call on. To be called before they come. */
  async receive(count: number): Promise<PeerEvent<'received'>> {
    const received = this.#process.next('received');
    this.#process.tell({ op: 'expect', count });
    return await received;
  }

  /** Resolves at the moment before the first octet goes out. */
  async sendTable(first: number, count: number): Promise<PeerEvent<'sent'>> {
    const sent = this.#process.next('sent');
    this.#process.tell({ op: 'send-table', first, count });
    return await sent;
  }

  /** As {@link sendTable}, with a message for each route. */
  async sendSingles(first: number, count: number): Promise<PeerEvent<'sent'>> {
    const sent = this.#process.next('sent');
    this.#process.tell({ op: 'send-singles', first, count });
    return await sent;
  }

  async close(): Promise<void> {
    const closed = this.#process.next('closed');
    this.#process.tell({ op: 'close' });
    await closed;
  }

  /** When an address came that came with few others; waits for it. */
  async arrival(address: number): Promise<number> {
    for (;;) {
      const atMs = this.#arrivals.get(address);
      if (atMs !== undefined) return atMs;
      await this.#process.next('arrived');
    }
  }

  [Symbol.dispose](): void {
    this.#process[Symbol.dispose]();
  }
}
