export interface NetworkInterface {
  readonly name: string;
  readonly index: number;
  /** IFF_UP. */
  readonly up: boolean;
  /** Lower layer is up (IFF_LOWER_UP). */
  readonly carrier: boolean;
  readonly mac?: string;
  readonly mtu: number;
}

export type InterfaceEvent =
  /** New, or changed (a rename is `gone` of the old name and `present` of the new one). */
  | { readonly type: 'present'; readonly link: NetworkInterface }
  | { readonly type: 'gone'; readonly name: string; readonly index: number };

export interface InterfaceMonitor extends AsyncDisposable {
  list(): Promise<readonly NetworkInterface[]>;
  /**
   * Delivers what exists as `present` events, then every change, in order. Resolves after the first delivery. Lost
   * notifications are healed by listing again; the listener sees only differences. Ends when `signal` aborts.
   */
  watch(listener: (events: readonly InterfaceEvent[]) => void, signal: AbortSignal): Promise<void>;
}
