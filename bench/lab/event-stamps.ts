import { createInterface } from 'node:readline';
import type { Namespace } from './namespace.ts';

/**
 * Watches `ip -ts monitor OBJECT` in a namespace and keeps the wall-clock time (ms, µs resolution) at which each key
 * was first seen. The stamps are taken by `ip` when the kernel's notification reaches it, so two watchers in two
 * namespaces can be compared, whatever this process was doing meanwhile.
 */
export class EventStamps implements Disposable {
  readonly #stamps = new Map<string, number>();
  readonly #waiting = new Map<string, (stamp: number) => void>();
  readonly #child: ReturnType<Namespace['spawn']>;

  /** `keyOf` picks the key of a line without its stamp, or undefined for a line that does not matter. */
  constructor(namespace: Namespace, object: 'link' | 'route', keyOf: (line: string) => string | undefined) {
    this.#child = namespace.spawn('ip', ['-ts', '-o', 'monitor', object]);
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const match = /^\[([^\]]+)\]\s*(.*)$/.exec(line);
      if (match?.[1] === undefined || match[2] === undefined) return;
      const key = keyOf(match[2]);
      if (key === undefined || this.#stamps.has(key)) return;
      const stamp = parseStamp(match[1]);
      this.#stamps.set(key, stamp);
      this.#waiting.get(key)?.(stamp);
      this.#waiting.delete(key);
    });
  }

  /** The stamp of a key, as soon as it was seen; rejects after `timeoutMs`. */
  async of(key: string, timeoutMs = 10_000): Promise<number> {
    const known = this.#stamps.get(key);
    if (known !== undefined) return known;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const timer = setTimeout(() => reject(new Error(`"${key}" was not seen within ${timeoutMs} ms`)), timeoutMs);
    this.#waiting.set(key, resolve);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The next time counts as the first. */
  forget(key: string): void {
    this.#stamps.delete(key);
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}

/** `2026-11-25T17:50:39.123456`, local time → wall-clock milliseconds with fraction. */
function parseStamp(text: string): number {
  const fraction = text.indexOf('.');
  return Date.parse(text.slice(0, fraction)) + Number(`0${text.slice(fraction)}`) * 1000;
}
