/** How objects of one kind are told apart and compared. */
export interface ReconciledKind<T> {
  /** What the kernel tells objects apart by; two owners must not want the same key. */
  keyOf(object: T): string;
  /** Canonical text of everything that must match; equal text means nothing needs to be sent. */
  textOf(object: T): string;
}

export interface Difference<T> {
  /** What the kernel has under this key, if anything. */
  readonly actual: T | undefined;
  /** What it should have, if anything. */
  readonly desired: T | undefined;
}

/**
 * What the kernel should have of one kind of object, against what it is known to have. Both sides change piecemeal;
 * the cost of a plan follows what changed since the last one, not how much there is (design: cost follows the change).
 *
 * Pure: the caller reads and writes the kernel and reports here. Objects that are nobody's desire but are in the kernel
 * are ours to remove, so the caller must `learn` only objects that carry our mark.
 */
export class Reconciler<T> {
  readonly #kind: ReconciledKind<T>;
  readonly #desired = new Map<string, T>();
  readonly #actual = new Map<string, T>();
  readonly #keysOfOwner = new Map<string, ReadonlySet<string>>();
  readonly #ownerOfKey = new Map<string, string>();
  readonly #dirty = new Set<string>();

  constructor(kind: ReconciledKind<T>) {
    this.#kind = kind;
  }

  get actualSize(): number {
    return this.#actual.size;
  }

  get desiredSize(): number {
    return this.#desired.size;
  }

  /** Replaces all that `owner` wants. An empty list forgets the owner. */
  want(owner: string, objects: readonly T[]): void {
    const before = this.#keysOfOwner.get(owner);
    const keys = new Set<string>();
    for (const object of objects) {
      const key = this.#kind.keyOf(object);
      keys.add(key);
      const known = this.#desired.get(key);
      this.#ownerOfKey.set(key, owner);
      if (known !== undefined && this.#kind.textOf(known) === this.#kind.textOf(object)) continue;
      this.#desired.set(key, object);
      this.#dirty.add(key);
    }
    for (const key of before ?? []) {
      // A key that has meanwhile been handed to another owner (an address that moved) is that owner's.
      if (keys.has(key) || this.#ownerOfKey.get(key) !== owner) continue;
      this.#desired.delete(key);
      this.#ownerOfKey.delete(key);
      this.#dirty.add(key);
    }
    if (keys.size === 0) this.#keysOfOwner.delete(owner);
    else this.#keysOfOwner.set(owner, keys);
  }

  /** Who wants the object with this key. */
  ownerOf(key: string): string | undefined {
    return this.#ownerOfKey.get(key);
  }

  wanted(key: string): T | undefined {
    return this.#desired.get(key);
  }

  /** True if everything that `owner` wants is known to be in the kernel as wanted. */
  settled(owner: string): boolean {
    for (const key of this.#keysOfOwner.get(owner) ?? []) if (this.#differs(key)) return false;
    return true;
  }

  /** Replaces all that the kernel is known to have. */
  learn(objects: readonly T[]): void {
    for (const key of this.#actual.keys()) this.#dirty.add(key);
    this.#actual.clear();
    for (const object of objects) {
      const key = this.#kind.keyOf(object);
      this.#actual.set(key, object);
      this.#dirty.add(key);
    }
    for (const key of this.#desired.keys()) this.#dirty.add(key);
  }

  /** The kernel has taken `object`. */
  confirmPresent(object: T): void {
    const key = this.#kind.keyOf(object);
    this.#actual.set(key, object);
    this.#dirty.add(key);
  }

  /** The kernel no longer has the object with this key. */
  confirmAbsent(key: string): void {
    this.#actual.delete(key);
    this.#dirty.add(key);
  }

  /** Forgets what the kernel has where `gone` says so, for example all objects of an interface that went. */
  forget(gone: (object: T) => boolean): void {
    for (const [key, object] of this.#actual) {
      if (!gone(object)) continue;
      this.#actual.delete(key);
      this.#dirty.add(key);
    }
  }

  /** All differences there are now. Asking changes nothing that matters: a difference stays until it is confirmed. */
  differences(): Map<string, Difference<T>> {
    const differences = new Map<string, Difference<T>>();
    for (const key of this.#dirty) {
      if (this.#differs(key)) differences.set(key, { actual: this.#actual.get(key), desired: this.#desired.get(key) });
      else this.#dirty.delete(key);
    }
    return differences;
  }

  #differs(key: string): boolean {
    const desired = this.#desired.get(key);
    const actual = this.#actual.get(key);
    if (desired === undefined || actual === undefined) return desired !== actual;
    return this.#kind.textOf(desired) !== this.#kind.textOf(actual);
  }
}
