import { type Field, is, isNot, type Match } from '../ir/rule.ts';

/** "Is one of our interfaces", by name prefix: true for taps that no endpoint claims, too. */
export class TapMatch {
  readonly #names: readonly string[];

  constructor(interfacePrefixes: readonly string[]) {
    // nft refuses overlapping wildcards in one set.
    this.#names = [...new Set(interfacePrefixes)]
      .filter((prefix) => !interfacePrefixes.some((other) => other !== prefix && prefix.startsWith(other)))
      .sort()
      .map((prefix) => `"${prefix}*"`);
  }

  is(field: Field & ('iifname' | 'oifname')): Match {
    return is(field, ...this.#names);
  }

  isNot(field: Field & ('iifname' | 'oifname')): Match {
    return isNot(field, ...this.#names);
  }
}
