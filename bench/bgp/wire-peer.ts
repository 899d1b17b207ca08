import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Namespace } from '../lab/namespace.ts';
import type { WirePeerCommand, WirePeerEvent, WirePeerSettings } from './wire-peer-messages.ts';

const PROGRAM = join(import.meta.dirname, 'wire-peer-main.ts');
const TIMEOUT_MS = 60_000;

type EventOf<Name extends WirePeerEvent['event']> = Extract<WirePeerEvent, { readonly event: Name }>;

/** A minimal BGP peer in a process and namespace of its own. */
export class WirePeer implements Disposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Set<(event: WirePeerEvent) => void>();
  /** Address (unsigned) → when it came. */
  readonly #arrivals = new Map<number, number>();

  constructor(namespace: Namespace, settings: WirePeerSettings) {
    const command = ['netns', 'exec', namespace.name, process.execPath, PROGRAM, JSON.stringify(settings)];
    this.#child = spawn('ip', command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (message) => {
      const event = message as WirePeerEvent;
      if (event.event === 'arrived') for (const address of event.addresses) this.#arrivals.set(address, event.atMs);
      for (const listener of [...this.#waiting]) listener(event);
    });
  }

  /** Resolves when the session is up. */
  async open(): Promise<EventOf<'established'>> {
    const established = this.next('established');
    this.#tell({ op: 'open' });
    return await established;
  }

  /** Opens a session and waits for `count` prefixes. */
  async openAndReceive(count: number): Promise<EventOf<'received'> & { readonly establishedMs: number }> {
    const established = this.next('established');
    const received = this.next('received');
    this.#tell({ op: 'open', expect: count });
    const [{ atMs: establishedMs }, event] = await Promise.all([established, received]);
    return { ...event, establishedMs };
  }

  /** Resolves when `count` prefixes are there; updates count from the call on. To be called before they come. */
  async receive(count: number): Promise<EventOf<'received'>> {
    const received = this.next('received');
    this.#tell({ op: 'expect', count });
    return await received;
  }

  /** Resolves at the moment before the first octet goes out. */
  async sendTable(first: number, count: number): Promise<EventOf<'sent'>> {
    const sent = this.next('sent');
    this.#tell({ op: 'send-table', first, count });
    return await sent;
  }

  async close(): Promise<void> {
    const closed = this.next('closed');
    this.#tell({ op: 'close' });
    await closed;
  }

  /** When an address came that came with few others; waits for it. */
  async arrival(address: number): Promise<number> {
    for (;;) {
      const atMs = this.#arrivals.get(address);
      if (atMs !== undefined) return atMs;
      await this.next('arrived');
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }

  next<Name extends WirePeerEvent['event']>(name: Name): Promise<EventOf<Name>> {
    return new Promise((resolve, reject) => {
      const listener = (event: WirePeerEvent) => {
        if (event.event !== name) return;
        clearTimeout(timer);
        this.#waiting.delete(listener);
        resolve(event as EventOf<Name>);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(listener);
        reject(new Error(`wire peer: no "${name}" within ${TIMEOUT_MS} ms`));
      }, TIMEOUT_MS);
      this.#waiting.add(listener);
    });
  }

  #tell(command: WirePeerCommand): void {
    this.#child.send(command);
  }
}
