/** Inclusive at both ends. */
export interface Interval {
  readonly first: bigint;
  readonly last: bigint;
}

/** A set of whole numbers as sorted intervals that neither overlap nor touch. Immutable; equal sets have equal `key`s. */
export class IntervalSet {
  static readonly empty = new IntervalSet([]);

  readonly intervals: readonly Interval[];
  #key: string | undefined;

  private constructor(intervals: readonly Interval[]) {
    this.intervals = intervals;
  }

  /** Of intervals in any order, overlapping or not. */
  static of(intervals: Iterable<Interval>): IntervalSet {
    const sorted = [...intervals].sort((left, right) => compare(left.first, right.first));
    const merged: Interval[] = [];
    for (const interval of sorted) {
      const previous = merged.at(-1);
      if (previous === undefined || interval.first > previous.last + 1n) merged.push(interval);
      else if (interval.last > previous.last) {
        merged[merged.length - 1] = { first: previous.first, last: interval.last };
      }
    }
    return merged.length === 0 ? IntervalSet.empty : new IntervalSet(merged);
  }

  static range(first: bigint, last: bigint): IntervalSet {
    return new IntervalSet([{ first, last }]);
  }

  static unionOf(sets: Iterable<IntervalSet>): IntervalSet {
    const intervals: Interval[] = [];
    for (const set of sets) for (const interval of set.intervals) intervals.push(interval);
    return IntervalSet.of(intervals);
  }

  get isEmpty(): boolean {
    return this.intervals.length === 0;
  }

  /** How many numbers are in it. */
  get size(): bigint {
    return this.intervals.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
  }

  get key(): string {
    this.#key ??= this.intervals.map(({ first, last }) => `${first.toString(36)}-${last.toString(36)}`).join();
    return this.#key;
  }

  equals(other: IntervalSet): boolean {
    return this === other || this.key === other.key;
  }

  contains(value: bigint): boolean {
    let low = 0;
    let high = this.intervals.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const interval = this.intervals[middle];
      if (interval === undefined) return false;
      if (value < interval.first) high = middle - 1;
      else if (value > interval.last) low = middle + 1;
      else return true;
    }
    return false;
  }

  /** True if everything in `other` is in this. */
  covers(other: IntervalSet): boolean {
    return other.subtract(this).isEmpty;
  }

  union(other: IntervalSet): IntervalSet {
    if (other.isEmpty || this === other) return this;
    return this.isEmpty ? other : IntervalSet.unionOf([this, other]);
  }

  intersect(other: IntervalSet): IntervalSet {
    if (this === other) return this;
    const common: Interval[] = [];
    let [mine, others] = [0, 0];
    for (;;) {
      const left = this.intervals[mine];
      const right = other.intervals[others];
      if (left === undefined || right === undefined) break;
      const first = compare(left.first, right.first) > 0 ? left.first : right.first;
      const last = compare(left.last, right.last) < 0 ? left.last : right.last;
      if (first <= last) common.push({ first, last });
      if (left.last < right.last) mine += 1;
      else others += 1;
    }
    return common.length === 0 ? IntervalSet.empty : new IntervalSet(common);
  }

  subtract(other: IntervalSet): IntervalSet {
    if (this === other) return IntervalSet.empty;
    if (this.isEmpty || other.isEmpty) return this;
    const rest: Interval[] = [];
    let index = 0;
    for (const { first, last } of this.intervals) {
      let from = first;
      while ((other.intervals[index]?.last ?? last) < first) index += 1;
      for (let cut = index; from <= last; cut += 1) {
        const hole = other.intervals[cut];
        if (hole === undefined || hole.first > last) break;
        if (hole.first > from) rest.push({ first: from, last: hole.first - 1n });
        from = hole.last + 1n;
      }
      if (from <= last) rest.push({ first: from, last });
    }
    return rest.length === 0 ? IntervalSet.empty : new IntervalSet(rest);
  }
}

export function compare(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
