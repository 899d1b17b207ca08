import type { IpRecord, IpRecordKind } from '../ip/ip-monitor.ts';
import type { View } from '../ip/view-synchronizer.ts';
import type { PermanentNeighbour } from './neighbour-table.ts';
import { parseNeighbourRecord } from './parse-neighbour.ts';

/** The view of one subscription to permanent neighbours, so that the many other entries pass unheard. */
export class NeighbourWatch implements View<PermanentNeighbour> {
  readonly kinds: ReadonlySet<IpRecordKind> = new Set<IpRecordKind>(['neighbour']);
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

  apply(records: readonly IpRecord[]): boolean {
    for (const { text, deleted } of records) {
      const record = parseNeighbourRecord(text);
      if (record === undefined) continue;
      const { device, address, mac } = record;
      if (deleted || !record.permanent || mac === undefined) this.#remove(keyOf(record));
      else if (this.#put({ device, address, mac })) this.#announce(record);
    }
    return false;
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
