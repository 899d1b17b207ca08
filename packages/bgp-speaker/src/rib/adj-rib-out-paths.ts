import { PrefixMap } from '@slash32/shared';
import type { PrefixKey } from '../codec/index.ts';
import type { AdjRibOut, AdvertisedRoute, ExportRoute, Offer, PendingChanges, PrefixList } from './adj-rib-out.ts';
import { LOCAL_PATH, type Path } from './path.ts';

/** Of our own route, if nothing else has it. */
const LOCAL_PATH_ID = 1;

/** A Path Identifier of a prefix, and who has it. */
interface Slot {
  readonly key: PrefixKey;
  readonly pathId: number;
  path: Path;
  /** `undefined`: the peer knows nothing of it. */
  advertised: ExportRoute | undefined;
  /** `undefined`: it is to go. */
  wanted: ExportRoute | undefined;
}

/**
 * Adj-RIB-Out with ADD-PATH (RFC 7911): a prefix has as many routes as paths are offered. Identifiers are ours: a path
 * keeps its own as long as it is offered, whatever becomes of its attributes and of the other paths, so that each
 * announcement replaces the former one of the same path and each withdrawal meets it. They follow from who the path is
 * from, not from the order of events: after a restart of ours, what the peer kept (RFC 4724) is replaced path by path.
 */
export class PathsRibOut implements AdjRibOut {
  readonly #slots = new PrefixMap<PrefixKey, readonly Slot[]>();
  readonly #pending = new Set<Slot>();
  #advertised = 0;
  /** As in `BestPathRibOut`. */
  #repeating = false;

  get advertised(): number {
    return this.#advertised;
  }

  get pending(): number {
    return this.#pending.size;
  }

  get nextRoute(): ExportRoute | undefined {
    for (const { wanted } of this.#pending) return wanted;
    return undefined;
  }

  *routes(): Generator<AdvertisedRoute, void, undefined> {
    for (const slots of this.#slots.values()) {
      for (const { key, pathId, path, advertised } of slots) {
        if (advertised !== undefined) yield { key, pathId, path, route: advertised };
      }
    }
  }

  route(key: PrefixKey, pathId: number | undefined): ExportRoute | undefined {
    return this.#slots.get(key)?.find((slot) => slot.pathId === pathId)?.advertised;
  }

  offerLocal(key: PrefixKey, route: ExportRoute | undefined): void {
    this.offer(key, route === undefined ? [] : [{ path: LOCAL_PATH, route }]);
  }

  offer(key: PrefixKey, offers: readonly Offer[]): void {
    const slots = [...(this.#slots.get(key) ?? [])];
    for (const slot of slots) {
      if (!offers.some(({ path }) => isSamePath(path, slot.path))) this.#want(slot, undefined);
    }
    for (const { path, route } of offers) {
      let slot = slots.find((each) => isSamePath(each.path, path));
      if (slot === undefined) {
        slot = { key, pathId: newPathId(path, slots), path, advertised: undefined, wanted: undefined };
        slots.push(slot);
      }
      slot.path = path;
      this.#want(slot, route);
    }
    this.#keep(key, slots);
  }

  refresh(): void {
    for (const slots of this.#slots.values()) {
      for (const slot of slots) if (slot.advertised !== undefined) this.#pending.add(slot);
    }
    this.#repeating = this.#pending.size > 0;
  }

  take(limit: number): PendingChanges {
    const withdrawn = { prefixes: [] as PrefixKey[], pathIds: [] as number[] };
    const announced = new Map<ExportRoute, typeof withdrawn>();
    let left = limit;
    for (const slot of this.#pending) {
      if (left === 0) break;
      left -= 1;
      this.#pending.delete(slot);
      const { key, pathId, wanted } = slot;
      this.#advertised += Number(wanted !== undefined) - Number(slot.advertised !== undefined);
      slot.advertised = wanted;
      let list = withdrawn;
      if (wanted !== undefined) {
        list = announced.get(wanted) ?? { prefixes: [], pathIds: [] };
        announced.set(wanted, list);
      }
      list.prefixes.push(key);
      list.pathIds.push(pathId);
      if (wanted === undefined) this.#keep(key, this.#slots.get(key) ?? []);
    }
    if (this.#pending.size === 0) this.#repeating = false;
    return { withdrawn, announced };
  }

  forget({ prefixes, pathIds = [] }: PrefixList): void {
    for (const [index, key] of prefixes.entries()) {
      const slot = this.#slots.get(key)?.find(({ pathId }) => pathId === pathIds[index]);
      if (slot?.advertised === undefined) continue;
      slot.advertised = undefined;
      this.#advertised -= 1;
    }
  }

  #want(slot: Slot, route: ExportRoute | undefined): void {
    slot.wanted = route;
    const isDue = route !== slot.advertised || (this.#repeating && route !== undefined);
    // To the end, if it goes: who has another route instead gets that first.
    if (!isDue || route === undefined) this.#pending.delete(slot);
    if (isDue) this.#pending.add(slot);
  }

  /** Forgets those that neither side wants to know of. */
  #keep(key: PrefixKey, slots: readonly Slot[]): void {
    const left = slots.filter(({ advertised, wanted }) => advertised !== undefined || wanted !== undefined);
    if (left.length === 0) this.#slots.delete(key);
    else this.#slots.set(key, left);
  }
}

/** Of one peer, by the identifier that it gave the path; what the path is at present does not matter. */
function isSamePath(left: Path, right: Path): boolean {
  return left.source === right.source && left.pathId === right.pathId;
}

/** The one that follows from the path's peer and the identifier there, or the next that is free. */
function newPathId(path: Path, slots: readonly Slot[]): number {
  let pathId = path.source.type === 'local' ? LOCAL_PATH_ID : hash(`${path.source.name} ${path.pathId ?? ''}`);
  while (pathId === 0 || slots.some((slot) => slot.pathId === pathId)) pathId = (pathId + 1) >>> 0;
  return pathId;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}
