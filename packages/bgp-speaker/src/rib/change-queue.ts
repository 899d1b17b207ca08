import { PrefixMap } from '@slash32/shared';

/** As many places are freed at once as are worth the copy of the others. */
const COMPACT_AT = 4096;

/**
 * One waiting value per prefix, in the order in which the prefixes began to wait: a `Map` whose first entry can be taken,
 * and made for a million of them, of which those in front go all the time.
 */
export class ChangeQueue<Key extends number | string, Value> {
  /** Where the prefix is in `#keys` and `#values`, plus what was cut off there so far. */
  readonly #places = new PrefixMap<Key, number>();
  /** `undefined`: deleted. */
  #keys: (Key | undefined)[] = [];
  #values: (Value | undefined)[] = [];
  /** Nothing waits before it. */
  #front = 0;
  #cutOff = 0;

  get size(): number {
    return this.#places.size;
  }

  has(key: Key): boolean {
    return this.#places.has(key);
  }

  /** A prefix that waits keeps its place. */
  set(key: Key, value: Value): void {
    const place = this.#places.get(key);
    if (place !== undefined) {
      this.#values[place - this.#cutOff] = value;
      return;
    }
    this.#places.set(key, this.#cutOff + this.#keys.length);
    this.#keys.push(key);
    this.#values.push(value);
  }

  delete(key: Key): void {
    const place = this.#places.get(key);
    if (place === undefined) return;
    this.#places.delete(key);
    this.#keys[place - this.#cutOff] = undefined;
    this.#values[place - this.#cutOff] = undefined;
    if (this.#places.size === 0) this.#clear();
  }

  /** The value that waits longest; `undefined`: that is it, or nothing waits. */
  get first(): Value | undefined {
    this.#skipDeleted();
    return this.#values[this.#front];
  }

  /** Takes what waits longest, up to `limit`, and hands it to `taker`, which must not change the queue. */
  take(limit: number, taker: (key: Key, value: Value) => void): void {
    // Of all that waits, nobody needs the place any more.
    const takesAll = limit >= this.#places.size;
    for (let left = Math.min(limit, this.#places.size); left > 0; left -= 1) {
      this.#skipDeleted();
      const key = this.#keys[this.#front] as Key;
      const value = this.#values[this.#front] as Value;
      this.#front += 1;
      if (!takesAll) this.#places.delete(key);
      taker(key, value);
    }
    if (takesAll) this.#clear();
    else this.#compact();
  }

  #skipDeleted(): void {
    // A value may be `undefined` itself; a key is not.
    while (this.#front < this.#keys.length && this.#keys[this.#front] === undefined) this.#front += 1;
  }

  #compact(): void {
    if (this.#front < COMPACT_AT || this.#front * 2 < this.#keys.length) return;
    this.#keys = this.#keys.slice(this.#front);
    this.#values = this.#values.slice(this.#front);
    this.#cutOff += this.#front;
    this.#front = 0;
  }

  #clear(): void {
    this.#places.clear();
    this.#keys = [];
    this.#values = [];
    this.#front = 0;
    this.#cutOff = 0;
  }
}
