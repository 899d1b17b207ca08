import type { Notification, NotificationKind } from '../netlink/notification.ts';
import type { View } from '../netlink/view-synchronizer.ts';
import type { LinkRouter } from './router-discovery.ts';

/** The view of one subscription to routers; other neighbours pass unheard. */
export class RouterWatch implements View<readonly LinkRouter[]> {
  readonly kinds: ReadonlySet<NotificationKind> = new Set<NotificationKind>(['neighbour', 'link']);
  readonly list: () => Promise<readonly LinkRouter[]>;
  readonly #onChange: (router: LinkRouter, present: boolean) => void;
  readonly #signal: AbortSignal;
  readonly #routers = new Map<string, LinkRouter>();

  constructor(
    onChange: (router: LinkRouter, present: boolean) => void,
    signal: AbortSignal,
    list: () => Promise<readonly LinkRouter[]>,
  ) {
    this.#onChange = onChange;
    this.#signal = signal;
    this.list = list;
  }

  adopt(routers: readonly LinkRouter[]): void {
    const listed = new Set(routers.map(keyOf));
    for (const [key, router] of [...this.#routers]) if (!listed.has(key)) this.#set(router, false);
    for (const router of routers) this.#set(router, true);
  }

  apply(notifications: readonly Notification[]): boolean {
    let renamed = false;
    for (const notification of notifications) {
      if (notification.kind === 'link') renamed ||= notification.formerName !== undefined;
      if (notification.kind !== 'neighbour') continue;
      const { device, address, router = false } = notification.neighbour;
      this.#set({ device, address }, router && !notification.deleted);
    }
    return renamed;
  }

  #set(router: LinkRouter, present: boolean): void {
    const key = keyOf(router);
    if (this.#routers.has(key) === present) return;
    if (present) this.#routers.set(key, router);
    else this.#routers.delete(key);
    if (!this.#signal.aborted) this.#onChange(router, present);
  }
}

function keyOf({ device, address }: LinkRouter): string {
  return `${device} ${address}`;
}
