import { Int32Map } from './int32-map.ts';

/**
 * A map keyed by prefixes in a compact form: an IPv4 host address as a signed 32-bit integer, any other prefix as a larger
 * number or a string. It is used as a `Map` is, takes half of the memory for hosts ({@link Int32Map}), and has these
 * first in its order. Values must not be `undefined`.
 */
export class PrefixMap<Key extends number | string, Value> implements ReadonlyMap<Key, Value> {
  readonly #hosts = new Int32Map<Value>();
  readonly #others = new Map<Key, Value>();

  get size(): number {
    return this.#hosts.size + this.#others.size;
  }

  has(key: Key): boolean {
    return isInt32(key) ? this.#hosts.has(key) : this.#others.has(key);
  }

  get(key: Key): Value | undefined {
    return isInt32(key) ? this.#hosts.get(key) : this.#others.get(key);
  }

  set(key: Key, value: Value): this {
    if (isInt32(key)) this.#hosts.set(key, value);
    else this.#others.set(key, value);
    return this;
  }

  /** True if it was there. */
  delete(key: Key): boolean {
    return isInt32(key) ? this.#hosts.delete(key) : this.#others.delete(key);
  }

  clear(): void {
    this.#hosts.clear();
    this.#others.clear();
  }

  *entries(): Generator<[Key, Value], undefined> {
    // Whoever set an integer had a key type with integers in it.
    yield* this.#hosts.entries() as Generator<[Key & number, Value], undefined>;
    yield* this.#others.entries();
  }

  *keys(): Generator<Key, undefined> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): Generator<Value, undefined> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): Generator<[Key, Value], undefined> {
    return this.entries();
  }

  forEach(callback: (value: Value, key: Key, map: ReadonlyMap<Key, Value>) => void): void {
    for (const [key, value] of this.entries()) callback(value, key, this);
  }
}

function isInt32(key: number | string): key is number {
  return typeof key === 'number' && (key | 0) === key;
}
