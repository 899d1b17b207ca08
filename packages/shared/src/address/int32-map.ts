/**
 * A map from 32-bit integers for tables of a hundred thousand entries and more, in half of the memory of a `Map`: keys
 * and hash index are packed, and outside of the engine's heap, so that its collector has only the values to look at.
 *
 * ```
 *  index   [ 0 | 3 | 0 | 1 | 0 | 2 | 0 | 0 ]     power of two; position + 1 of an entry, 0: free; linear probing
 *  keys    [ 10.0.0.7 | 10.0.0.9 | 10.0.0.1 ]    in the order in which they were first set
 *  values  [ path     | undefined | path    ]    undefined: was deleted; its place waits for the same key, or a rebuild
 * ```
 *
 * Loops may set and delete whatever they like: each key that stays is seen once, in order; whether one that is new is
 * seen is not said. Values must not be `undefined`.
 */
export class Int32Map<Value> {
  #index = EMPTY_INDEX;
  /** 32 less the binary logarithm of the index's length. */
  #shift = EMPTY_SHIFT;
  #keys = new Int32Array(0);
  #values: (Value | undefined)[] = [];
  /** How many places are taken, by those that were deleted too. */
  #used = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(key: number): boolean {
    return this.get(key) !== undefined;
  }

  get(key: number): Value | undefined {
    const index = this.#index;
    const keys = this.#keys;
    const mask = index.length - 1;
    for (let slot = hash(key) >>> this.#shift; ; slot = (slot + 1) & mask) {
      const entry = index[slot] ?? 0;
      if (entry === 0) return undefined;
      if (keys[entry - 1] === key) return this.#values[entry - 1];
    }
  }

  set(key: number, value: Value): void {
    const index = this.#index;
    const keys = this.#keys;
    const mask = index.length - 1;
    let slot = hash(key) >>> this.#shift;
    for (; ; slot = (slot + 1) & mask) {
      const entry = index[slot] ?? 0;
      if (entry === 0) break;
      if (keys[entry - 1] !== key) continue;
      if (this.#values[entry - 1] === undefined) this.#size += 1;
      this.#values[entry - 1] = value;
      return;
    }
    const position = this.#used;
    if (position === keys.length) {
      this.#rebuild();
      this.set(key, value);
      return;
    }
    keys[position] = key;
    this.#values[position] = value;
    index[slot] = position + 1;
    this.#used += 1;
    this.#size += 1;
  }

  /** True if it was there. */
  delete(key: number): boolean {
    const index = this.#index;
    const mask = index.length - 1;
    for (let slot = hash(key) >>> this.#shift; ; slot = (slot + 1) & mask) {
      const entry = index[slot] ?? 0;
      if (entry === 0) return false;
      if (this.#keys[entry - 1] !== key) continue;
      if (this.#values[entry - 1] === undefined) return false;
      this.#values[entry - 1] = undefined;
      this.#size -= 1;
      if (this.#size * SHRINK_AT < this.#keys.length - LEAST_ROOM) this.#rebuild();
      return true;
    }
  }

  clear(): void {
    this.#index = EMPTY_INDEX;
    this.#shift = EMPTY_SHIFT;
    this.#keys = new Int32Array(0);
    this.#values = [];
    this.#used = 0;
    this.#size = 0;
  }

  *entries(): Generator<[number, Value], undefined> {
    // A rebuild in the middle of the loop leaves us with the former arrays: what of them is still there is told by get.
    const keys = this.#keys;
    const values = this.#values;
    for (let position = 0; position < values.length; position += 1) {
      const key = keys[position] ?? 0;
      const there = values[position];
      const value = there === undefined || values === this.#values ? there : this.get(key);
      if (value !== undefined) yield [key, value];
    }
  }

  /** Makes room for a third more at least, and leaves out what was deleted. */
  #rebuild(): void {
    const bits = Math.ceil(Math.log2((LEAST_ROOM + this.#size * GROWTH) / FILL));
    const capacity = Math.floor(2 ** bits * FILL);
    const index = new Int32Array(2 ** bits);
    const shift = 32 - bits;
    const mask = index.length - 1;
    const keys = new Int32Array(capacity);
    const values = new Array<Value | undefined>(capacity);
    let used = 0;
    for (let position = 0; position < this.#used; position += 1) {
      const value = this.#values[position];
      if (value === undefined) continue;
      const key = this.#keys[position] ?? 0;
      let slot = hash(key) >>> shift;
      while (index[slot] !== 0) slot = (slot + 1) & mask;
      keys[used] = key;
      values[used] = value;
      used += 1;
      index[slot] = used;
    }
    this.#index = index;
    this.#shift = shift;
    this.#keys = keys;
    this.#values = values;
    this.#used = used;
  }
}

const LEAST_ROOM = 6;
const GROWTH = 1.3;
/** So much of the index is filled at most. */
const FILL = 0.8;
/** It shrinks when fewer than one in so many places are in use. */
const SHRINK_AT = 6;

/** Never written to: the first entry causes a rebuild. */
const EMPTY_INDEX = new Int32Array(2);
const EMPTY_SHIFT = 31;

/** Fibonacci hashing: neighbours, and addresses in equal steps, spread evenly over the upper bits. */
function hash(key: number): number {
  return Math.imul(key, 0x9e37_79b1);
}
