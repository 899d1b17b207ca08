/** Key → set of values; a key without values is not kept. */
export class MultiMap<Key, Value> {
  readonly #sets = new Map<Key, Set<Value>>();

  add(key: Key, value: Value): void {
    const set = this.#sets.get(key);
    if (set === undefined) this.#sets.set(key, new Set([value]));
    else set.add(value);
  }

  remove(key: Key, value: Value): void {
    const set = this.#sets.get(key);
    if (set === undefined) return;
    set.delete(value);
    if (set.size === 0) this.#sets.delete(key);
  }

  has(key: Key): boolean {
    return this.#sets.has(key);
  }

  get(key: Key): ReadonlySet<Value> {
    return this.#sets.get(key) ?? EMPTY;
  }
}

const EMPTY: ReadonlySet<never> = new Set<never>();
