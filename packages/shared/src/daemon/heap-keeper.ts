import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { Clock, Timer } from '../time/clock.ts';

/** The heap of a program, as its keeper sees it. */
export interface Heap {
  /** What is in use, live or not, outside of the engine's own heap too. */
  usedOctets(): number;
  /** Share of the time since the last call in which the event loop had work, 0 to 1. */
  busyShare(): number;
  /** Collects garbage and returns memory to the system; takes some 60 ms for 20 MB of live data. */
  collect(): void;
}

const CHECK_MS = 1000;
/** A program that works more than this, as one does that gets a route now and then, is not to be held up. */
const IDLE_SHARE = 0.01;
/** So much garbage is worth a pause; of a large heap, which takes longer to go through, a quarter of it. */
const WORTH_OCTETS = 8 * 1024 * 1024;
const WORTH_SHARE = 0.25;

/**
 * Gives back what a burst of work has left. The engine keeps it until there is about as much again, because collecting is
 * cheaper the less often it is done; and its own reducer of memory never sees that a program like a routing daemon is
 * idle. So a daemon that once read or sent a full table would hold a third more for the rest of its life. Checks once a
 * second, and collects only in a second in which nothing else happens.
 */
export class HeapKeeper implements Disposable {
  readonly #clock: Clock;
  readonly #heap: Heap;
  /** What was in use after the last collection, or less. */
  #leastOctets = 0;
  #timer: Timer;

  constructor(clock: Clock, heap: Heap) {
    this.#clock = clock;
    this.#heap = heap;
    this.#timer = clock.schedule(CHECK_MS, () => this.#check());
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }

  #check(): void {
    const usedOctets = this.#heap.usedOctets();
    const isIdle = this.#heap.busyShare() < IDLE_SHARE;
    this.#leastOctets = Math.min(this.#leastOctets, usedOctets);
    const worthOctets = Math.max(WORTH_OCTETS, this.#leastOctets * WORTH_SHARE);
    if (isIdle && usedOctets - this.#leastOctets >= worthOctets) {
      this.#heap.collect();
      this.#leastOctets = this.#heap.usedOctets();
    }
    this.#timer = this.#clock.schedule(CHECK_MS, () => this.#check());
  }
}

/** The heap of this process; `undefined` if it was not started with `--expose-gc`. */
export function processHeap(): Heap | undefined {
  const { gc } = globalThis;
  if (gc === undefined) return undefined;
  let before = performance.eventLoopUtilization();
  return {
    busyShare() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
    usedOctets() {
      const { used_heap_size: inHeap, external_memory: outside } = getHeapStatistics();
      return inHeap + outside;
    },
    collect: () => void gc({ type: 'major', execution: 'sync', flavor: 'last-resort' }),
  };
}
