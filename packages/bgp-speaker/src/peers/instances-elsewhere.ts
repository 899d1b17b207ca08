import type { Host, Instance, ResourceKey } from '@slash32/shared';
import { prefixKeyFromText } from '../codec/index.ts';
import { AddressBlocks, NO_BLOCKS } from '../rib/address-blocks.ts';

/**
 * Addresses of this host's blocks that instances on other hosts have. Of other instances it keeps nothing, so it has to see
 * all of them again when the blocks are others: {@link InstancesElsewhere.needs} says when.
 */
export class InstancesElsewhere {
  readonly #host: string;
  readonly #addresses = new Map<ResourceKey, readonly string[]>();
  /** What instances are held against. */
  readonly #blocks: AddressBlocks;
  readonly #texts: readonly string[];

  /** `own`: the Host that this is, as far as it is known. */
  constructor(host: string, own: Host | undefined) {
    this.#host = host;
    this.#texts = own?.spec.blocks ?? [];
    this.#blocks = this.#texts.length === 0 ? NO_BLOCKS : new AddressBlocks(this.#texts.map(prefixKeyFromText));
  }

  /** True if what is known is not what these blocks need. */
  needs(own: Host | undefined): boolean {
    const texts = own?.spec.blocks ?? [];
    return (
      texts.length > 0 && (texts.length !== this.#texts.length || texts.some((text) => !this.#texts.includes(text)))
    );
  }

  /** True if that changed anything. */
  put(key: ResourceKey, { spec }: Instance): boolean {
    if (this.#blocks.isEmpty || spec.host === this.#host) return this.delete(key);
    const inside = spec.addresses.filter((text) => this.#blocks.blockOf(prefixKeyFromText(text)) !== undefined);
    if (inside.length === 0) return this.delete(key);
    const before = this.#addresses.get(key);
    this.#addresses.set(key, inside);
    return before === undefined || before.length !== inside.length || before.some((text) => !inside.includes(text));
  }

  /** True if that changed anything. */
  delete(key: ResourceKey): boolean {
    return this.#addresses.delete(key);
  }

  /** Canonical texts, sorted, each once. */
  addresses(): readonly string[] {
    return [...new Set([...this.#addresses.values()].flat())].sort();
  }
}
