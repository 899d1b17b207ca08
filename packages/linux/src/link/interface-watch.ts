import type { IpRecord, IpRecordKind } from '../ip/ip-monitor.ts';
import type { View } from '../ip/view-synchronizer.ts';
import type { InterfaceEvent, NetworkInterface } from './interface-monitor.ts';
import { readLinkRecord } from './parse-link.ts';

/**
 * The view of one subscription to interfaces, by index; only differences are passed on. A `Deleted` record is not
 * believed by itself, since Linux sends one also when an interface leaves a bridge: the view is listed again.
 */
export class InterfaceWatch implements View<NetworkInterface> {
  readonly kinds: ReadonlySet<IpRecordKind> = new Set<IpRecordKind>(['link']);
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
    for (const [index, { name }] of this.#links) {
      if (listed.has(index)) continue;
      this.#links.delete(index);
      events.push({ type: 'gone', name, index });
    }
    for (const link of links) this.#see(link, events);
    this.#emit(events);
  }

  apply(records: readonly IpRecord[]): boolean {
    const events: InterfaceEvent[] = [];
    let uncertain = false;
    for (const record of records) {
      const link = record.deleted ? undefined : readLinkRecord(record.text);
      if (link === undefined) uncertain ||= record.deleted;
      else this.#see(link, events);
    }
    this.#emit(events);
    return uncertain;
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
