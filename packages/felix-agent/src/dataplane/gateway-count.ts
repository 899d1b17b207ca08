/** The gateways that the open endpoints of this host use; counted, since many share one. */
export class GatewayCount {
  readonly #counts = new Map<string, number>();
  #changed = false;

  /** Canonical address texts. */
  get addresses(): string[] {
    return [...this.#counts.keys()];
  }

  add(gateways: readonly string[]): void {
    for (const gateway of gateways) {
      const count = this.#counts.get(gateway) ?? 0;
      this.#counts.set(gateway, count + 1);
      if (count === 0) this.#changed = true;
    }
  }

  /** The reverse of {@link add}, with the same list. */
  remove(gateways: readonly string[]): void {
    for (const gateway of gateways) {
      const count = this.#counts.get(gateway) ?? 0;
      if (count > 1) this.#counts.set(gateway, count - 1);
      else this.#changed = this.#counts.delete(gateway) || this.#changed;
    }
  }

  /** True if {@link addresses} may differ from what it was at the last call. */
  takeChanged(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }
}
