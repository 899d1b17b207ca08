import { PrefixMap } from '@slash32/shared';
import type { PrefixKey } from '../codec/index.ts';
import type { AdjRibIn } from './adj-rib-in.ts';
import { type Decision, decide, explainDecision } from './decision-process.ts';
import { everyNextHopUsable, type ObstacleOf } from './next-hop-eligibility.ts';
import { LOCAL_PATH, type Path } from './path.ts';

/**
 * Loc-RIB: per prefix the paths that forward. It is a function of the local routes, the Adj-RIBs-In and what is in the way
 * to next hops; callers name the prefixes whose candidates or obstacles changed and get those whose choice changed.
 */
export class LocRib {
  /** With the metric of the kernel's route. */
  readonly #local = new PrefixMap<PrefixKey, number>();
  readonly #sources = new Set<AdjRibIn>();
  readonly #routes = new PrefixMap<PrefixKey, readonly Path[]>();
  readonly #obstacleTo: ObstacleOf;
  #learned = 0;

  constructor(obstacleTo: ObstacleOf = everyNextHopUsable) {
    this.#obstacleTo = obstacleTo;
  }

  /** Prefixes with a chosen learned route. */
  get learned(): number {
    return this.#learned;
  }

  /** Routes of instances on this host, with the metrics of the kernel's routes. */
  get localRoutes(): ReadonlyMap<PrefixKey, number> {
    return this.#local;
  }

  addSource(adjRibIn: AdjRibIn): void {
    this.#sources.add(adjRibIn);
  }

  /** The caller has cleared it and had its prefixes decided again, or does so next. */
  removeSource(adjRibIn: AdjRibIn): void {
    this.#sources.delete(adjRibIn);
  }

  /** `metric` `undefined`: it is gone. Returns false if nothing changed. The caller then has {@link decideAgain} run. */
  setLocal(key: PrefixKey, metric: number | undefined): boolean {
    if (this.#local.get(key) === metric) return false;
    if (metric === undefined) this.#local.delete(key);
    else this.#local.set(key, metric);
    return true;
  }

  /** The best path first, then those that share the load with it; empty if there is no route. */
  route(key: PrefixKey): readonly Path[] {
    return this.#routes.get(key) ?? [];
  }

  routes(): ReadonlyMap<PrefixKey, readonly Path[]> {
    return this.#routes;
  }

  candidates(key: PrefixKey): readonly Path[] {
    const found: Path[] = [];
    if (this.#local.has(key)) found.push(LOCAL_PATH);
    for (const source of this.#sources) for (const path of source.candidates(key)) found.push(path);
    return found;
  }

  /** All paths that could forward, chosen or not. */
  usable(key: PrefixKey): readonly Path[] {
    return this.candidates(key).filter((path) => this.#obstacleTo(path) === undefined);
  }

  explain(key: PrefixKey): Decision {
    return explainDecision(this.candidates(key), this.#obstacleTo);
  }

  /** Runs the decision process for the prefix; true if its choice changed. */
  decideAgain(key: PrefixKey): boolean {
    const before = this.#routes.get(key);
    // A local route wins over whatever there is, so that others need not be looked at.
    const after = this.#local.has(key) ? LOCAL_PATH.alone : decide(this.candidates(key), this.#obstacleTo);
    if (before === undefined ? after.length === 0 : samePaths(before, after)) return false;
    if (after.length === 0) this.#routes.delete(key);
    else this.#routes.set(key, after);
    this.#learned += isLearned(after) - isLearned(before ?? []);
    return true;
  }
}

function samePaths(left: readonly Path[], right: readonly Path[]): boolean {
  return left === right || (left.length === right.length && left.every((path, index) => path === right[index]));
}

function isLearned(paths: readonly Path[]): 0 | 1 {
  const best = paths[0];
  return best === undefined || best.source.type === 'local' ? 0 : 1;
}
