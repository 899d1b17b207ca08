import type { Notification, NotificationKind } from '../netlink/notification.ts';
import type { View } from '../netlink/view-synchronizer.ts';
import type { PermanentNeighbour } from './neighbour-table.ts';

/** The view of one subscription to permanent neighbours, so that the many other entries pass unheard. */
export class NeighbourWatch implements View<readonly PermanentNeighbour[]> {
  readonly kinds: ReadonlySet<NotificationKind> = new Set<NotificationKind>(['neighbour', 'link']);
  readonly list: () => Promise<readonly PermanentNeighbour[]>;
  readonly #onChange: (device: string, address: string) => void;
  readonly #signal: AbortSignal;
  readonly #neighbours = new Map<string, PermanentNeighbour>();

  constructor(
    onChange: (device: string, address: string) => void,
    signal: AbortSignal,
    list: () => Promise<readonly PermanentNeighbour[]>,
  ) {
    this.#onChange = onChange;
    this.#signal = signal;
    this.list = list;
  }

  adopt(neighbours: readonly PermanentNeighbour[], first: boolean): void {
    const listed = new Set(neighbours.map(keyOf));
    for (const key of [...this.#neighbours.keys()]) {
      if (!listed.has(key)) this.#remove(key);
    }
    for (const neighbour of neighbours) {
      if (this.#put(neighbour) && !first) this.#announce(neighbour);
    }
  }

  apply(notifications: readonly Notification[]): boolean {
    let renamed = false;
    for (const notification of notifications) {
      if (notification.kind === 'link') renamed ||= notification.formerName !== undefined;
      if (notification.kind !== 'neighbour') continue;
      const { device, address, mac, permanent } = notification.neighbour;
      if (notification.deleted || !permanent || mac === undefined) this.#remove(keyOf(notification.neighbour));
      else if (this.#put({ device, address, mac })) this.#announce(notification.neighbour);
    }
    return renamed;
  }

  /** True if that made a difference. */
  #put(neighbour: PermanentNeighbour): boolean {
    const key = keyOf(neighbour);
    if (this.#neighbours.get(key)?.mac === neighbour.mac) return false;
    this.#neighbours.set(key, neighbour);
    return true;
  }

  #remove(key: string): void {
    const neighbour = this.#neighbours.get(key);
    if (neighbour === undefined) return;
    this.#neighbours.delete(key);
    this.#announce(neighbour);
  }

  #announce({ device, address }: { readonly device: string; readonly address: string }): void {
    if (!this.#signal.aborted) this.#onChange(device, address);
  }
}

function keyOf({ device, address }: { readonly device: string; readonly address: string }): string {
  return `${device} ${address}`;
}
