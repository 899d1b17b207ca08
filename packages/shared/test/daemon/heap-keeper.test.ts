import { beforeEach, describe, expect, it } from 'vitest';
import { type Heap, HeapKeeper, processHeap } from '../../src/daemon/heap-keeper.ts';
import { FakeClock } from '../../src/time/fake-clock.ts';

const MB = 1024 * 1024;

class FakeHeap implements Heap {
  liveOctets = 20 * MB;
  garbageOctets = 0;
  collections = 0;
  busy = false;

  busyShare(): number {
    return this.busy ? 0.02 : 0.001;
  }

  usedOctets(): number {
    return this.liveOctets + this.garbageOctets;
  }

  collect(): void {
    this.collections += 1;
    this.garbageOctets = 0;
  }
}

describe('HeapKeeper', () => {
  let clock: FakeClock;
  let heap: FakeHeap;
  let keeper: HeapKeeper;

  beforeEach(() => {
    clock = new FakeClock();
    heap = new FakeHeap();
    keeper = new HeapKeeper(clock, heap);
    // What the start of the program has left.
    clock.advance(2000);
    expect(heap.collections).toBe(1);
  });

  it('collects once behind a burst, when nothing happens any more', () => {
    heap.busy = true;
    heap.garbageOctets = 50 * MB;
    clock.advance(5000);
    expect(heap.collections).toBe(1);
    heap.busy = false;
    clock.advance(60_000);
    expect(heap.collections).toBe(2);
    expect(heap.garbageOctets).toBe(0);
  });

  it('leaves little garbage, and growth of what lives, alone', () => {
    heap.garbageOctets = 7 * MB;
    clock.advance(60_000);
    expect(heap.collections).toBe(1);
    heap.liveOctets += 100 * MB;
    heap.garbageOctets = 0;
    clock.advance(60_000);
    // That it lives is only known afterwards.
    expect(heap.collections).toBe(2);
    heap.garbageOctets = 20 * MB;
    clock.advance(60_000);
    expect(heap.collections).toBe(2);
    heap.garbageOctets = 40 * MB;
    clock.advance(60_000);
    expect(heap.collections).toBe(3);
  });

  it('counts from the least that was in use', () => {
    heap.liveOctets = 5 * MB;
    clock.advance(2000);
    heap.garbageOctets = 9 * MB;
    clock.advance(2000);
    expect(heap.collections).toBe(2);
  });

  it('is for programs that may collect', () => {
    expect(processHeap() === undefined).toBe(globalThis.gc === undefined);
  });

  it('ends', () => {
    keeper[Symbol.dispose]();
    heap.garbageOctets = 100 * MB;
    clock.advance(60_000);
    expect(heap.collections).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });
});
