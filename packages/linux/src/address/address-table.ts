export interface InterfaceAddress {
  readonly device: string;
  /** Canonical address text with prefix length: `fe80::1/64`. */
  readonly address: string;
}

export interface AddressFailure {
  readonly change: AddressChange;
  readonly reason: string;
}

export type AddressChange = { readonly op: 'add' | 'delete'; readonly address: InterfaceAddress };

export interface AddressListener {
  onChange(address: InterfaceAddress): void;
  onOverrun(): void;
}

/** Addresses of interfaces. IPv6 addresses are added without duplicate address detection. */
export interface AddressTable extends AsyncDisposable {
  /** Adding what is there and deleting what is absent are no failures. */
  apply(changes: readonly AddressChange[]): Promise<readonly AddressFailure[]>;
  list(device?: string): Promise<readonly InterfaceAddress[]>;
  /**
   * `onChange` gets each address that came, changed or went (our own changes included), `onOverrun` is called when
   * notifications may have been lost: list again. Resolves when the subscription is in force; ends with `signal`.
   */
  watch(listener: AddressListener, signal: AbortSignal): Promise<void>;
}
