import type { Notification, NotificationKind } from '../netlink/notification.ts';
import type { View } from '../netlink/view-synchronizer.ts';
import type { InterfaceEvent, NetworkInterface } from './interface-monitor.ts';

/** The view of one subscription to interfaces, by index; only differences are passed on. */
export class InterfaceWatch implements View<readonly NetworkInterface[]> {
  readonly kinds: ReadonlySet<NotificationKind> = new Set<NotificationKind>(['link']);
  readonly list: () => Promise<readonly NetworkInterface[]>;
  readonly #listener: (events: readonly InterfaceEvent[]) => void;
  readonly #signal: AbortSignal;
  readonly #links = new Map<number, NetworkInterface>();

  constructor(
    listener: (events: readonly InterfaceEvent[]) => void,
    signal: AbortSignal,
    list: () => Promise<readonly NetworkInterface[]>,
  ) {
    this.#listener = listener;
    this.#signal = signal;
    this.list = list;
  }

  /** What is gone comes first: a name may have gone over to another index. */
  adopt(links: readonly NetworkInterface[]): void {
    const events: InterfaceEvent[] = [];
    const listed = new Set(links.map((link) => link.index));
    for (const index of [...this.#links.keys()]) {
      if (!listed.has(index)) this.#lose(index, events);
    }
    for (const link of links) this.#see(link, events);
    this.#emit(events);
  }

  apply(notifications: readonly Notification[]): boolean {
    const events: InterfaceEvent[] = [];
    for (const notification of notifications) {
      if (notification.kind !== 'link') continue;
      if (notification.deleted) this.#lose(notification.link.index, events);
      else this.#see(notification.link, events);
    }
    this.#emit(events);
    return false;
  }

  #lose(index: number, events: InterfaceEvent[]): void {
    const link = this.#links.get(index);
    if (link === undefined) return;
    this.#links.delete(index);
    events.push({ type: 'gone', name: link.name, index });
  }

  #see(link: NetworkInterface, events: InterfaceEvent[]): void {
    const before = this.#links.get(link.index);
    if (before !== undefined && sameLink(before, link)) return;
    if (before !== undefined && before.name !== link.name) {
      events.push({ type: 'gone', name: before.name, index: before.index });
    }
    this.#links.set(link.index, link);
    events.push({ type: 'present', link });
  }

  #emit(events: readonly InterfaceEvent[]): void {
    if (events.length > 0 && !this.#signal.aborted) this.#listener(events);
  }
}

function sameLink(left: NetworkInterface, right: NetworkInterface): boolean {
  if (left.name !== right.name || left.mac !== right.mac || left.mtu !== right.mtu) return false;
  return left.up === right.up && left.carrier === right.carrier;
}
