import { Int32Map } from './int32-map.ts';

const TWO_POW_32 = 2 ** 32;
/** Numbers from here on have no place in a packed map. */
const WIDE_END = TWO_POW_32 * 64;

/**
 * A map keyed by prefixes in a compact form: an IPv4 host address as a signed 32-bit integer, any other prefix as a larger
 * number or a string. It is used as a `Map` is. Numbers take half of the memory ({@link Int32Map}) and are first in its
 * order: hosts, then those whose upper words are equal (IPv4 prefixes of one length), since the engine neither keeps
 * larger numbers unboxed nor hashes them fast. Numbers must be integers, values not `undefined`.
 */
export class PrefixMap<Key extends number | string, Value> implements ReadonlyMap<Key, Value> {
  readonly #hosts = new Int32Map<Value>();
  /** By upper word, 1–63; the keys in each are lower words. */
  #wide: (Int32Map<Value> | undefined)[] = [];
  readonly #others = new Map<Key, Value>();
  /** Of `#wide`. */
  #wideSize = 0;

  get size(): number {
    return this.#hosts.size + this.#wideSize + this.#others.size;
  }

  has(key: Key): boolean {
    return this.get(key) !== undefined;
  }

  get(key: Key): Value | undefined {
    if (isInt32(key)) return this.#hosts.get(key);
    if (isWide(key)) return this.#wideSize === 0 ? undefined : this.#wide[upperWord(key)]?.get(key | 0);
    return this.#others.size === 0 ? undefined : this.#others.get(key);
  }

  set(key: Key, value: Value): this {
    if (isInt32(key)) this.#hosts.set(key, value);
    else if (isWide(key)) this.#setWide(key, value);
    else this.#others.set(key, value);
    return this;
  }

  /** True if it was there. */
  delete(key: Key): boolean {
    if (isInt32(key)) return this.#hosts.delete(key);
    if (!isWide(key)) return this.#others.delete(key);
    const wasThere = this.#wide[upperWord(key)]?.delete(key | 0) === true;
    if (wasThere) this.#wideSize -= 1;
    return wasThere;
  }

  clear(): void {
    this.#hosts.clear();
    this.#wide = [];
    this.#wideSize = 0;
    this.#others.clear();
  }

  *entries(): Generator<[Key, Value], undefined> {
    // Whoever set a number had a key type with numbers in it.
    yield* this.#hosts.entries() as Generator<[Key & number, Value], undefined>;
    for (const [upper, map] of this.#wide.entries()) {
      if (map === undefined) continue;
      for (const [lower, value] of map.entries()) yield [((lower >>> 0) + upper * TWO_POW_32) as Key & number, value];
    }
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

  #setWide(key: number, value: Value): void {
    const upper = upperWord(key);
    let map = this.#wide[upper];
    if (map === undefined) {
      map = new Int32Map();
      this.#wide[upper] = map;
    }
    const before = map.size;
    map.set(key | 0, value);
    this.#wideSize += map.size - before;
  }
}

function isInt32(key: number | string): key is number {
  return typeof key === 'number' && (key | 0) === key;
}

/** More than 32 bits, and not many more. */
function isWide(key: number | string): key is number {
  return typeof key === 'number' && key >= TWO_POW_32 && key < WIDE_END;
}

function upperWord(key: number): number {
  return (key / TWO_POW_32) | 0;
}
