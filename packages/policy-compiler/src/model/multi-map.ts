/**
 * Key → set of values; a key without values is not kept. One value is kept as it is, because most keys have one only, and
 * a set takes some 200 octets. Values are no sets.
 */
export class MultiMap<Key, Value> {
  readonly #entries = new Map<Key, Value | Set<Value>>();

  add(key: Key, value: Value): void {
    const present = this.#entries.get(key);
    if (present === undefined) this.#entries.set(key, value);
    else if (present instanceof Set) present.add(value);
    else if (present !== value) this.#entries.set(key, new Set([present, value]));
  }

  remove(key: Key, value: Value): void {
    const present = this.#entries.get(key);
    if (present instanceof Set) {
      present.delete(value);
      const [only] = present;
      if (present.size === 1 && only !== undefined) this.#entries.set(key, only);
    } else if (present === value) {
      this.#entries.delete(key);
    }
  }

  get empty(): boolean {
    return this.#entries.size === 0;
  }

  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  get(key: Key): Iterable<Value> {
    const present = this.#entries.get(key);
    if (present === undefined) return [];
    return present instanceof Set ? present : [present];
  }
}
