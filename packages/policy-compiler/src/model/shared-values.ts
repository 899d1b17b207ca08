/**
 * One copy of values that many have in common, while somebody has them. Equal is what has the same identity text.
 * Whoever takes a value gives it back once.
 */
export class SharedValues<Value> {
  readonly #entries = new Map<string, { readonly value: Value; users: number }>();
  readonly #identityOf: (value: Value) => string;

  constructor(identityOf: (value: Value) => string) {
    this.#identityOf = identityOf;
  }

  /** The copy that all share; `value` itself becomes it if it is the first. */
  take(value: Value): Value {
    const identity = this.#identityOf(value);
    const present = this.#entries.get(identity);
    if (present === undefined) {
      this.#entries.set(identity, { value, users: 1 });
      return value;
    }
    present.users += 1;
    return present.value;
  }

  giveBack(value: Value): void {
    const identity = this.#identityOf(value);
    const present = this.#entries.get(identity);
    if (present === undefined) return;
    present.users -= 1;
    if (present.users === 0) this.#entries.delete(identity);
  }

  get size(): number {
    return this.#entries.size;
  }
}
