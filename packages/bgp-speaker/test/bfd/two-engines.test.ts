import { FakeClock } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { BfdCounters } from '../../src/bfd/bfd-counters.ts';
import type { BfdEngine } from '../../src/bfd/bfd-engine.ts';
import { type BfdPacket, decodeBfdPacket, encodeBfdPacket } from '../../src/bfd/bfd-packet.ts';
import { type BfdHistory, MemoryBfdLink } from '../lab/memory-bfd-link.ts';

const LEFT = '192.0.2.1';
const RIGHT = '192.0.2.2';
const TIMERS = { desiredMinTxIntervalUs: 50_000, requiredMinRxIntervalUs: 50_000, detectMultiplier: 3 };
const TO_RIGHT = { remoteAddress: RIGHT, multihop: false };
const TO_LEFT = { remoteAddress: LEFT, multihop: false };

let clock: FakeClock;
let link: MemoryBfdLink;
let left: BfdEngine;
let right: BfdEngine;
let leftHistory: BfdHistory[];
let rightHistory: BfdHistory[];
let counters: BfdCounters;

/** A generator of numbers in [0, 1) that starts the same each time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

function build(seed = 1): void {
  clock = new FakeClock();
  link = new MemoryBfdLink(clock, seeded(seed));
  leftHistory = [];
  rightHistory = [];
  counters = new BfdCounters();
  left = link.engine(LEFT, leftHistory);
  right = link.engine(RIGHT, rightHistory);
}

function addBoth(): void {
  left.add(1, TO_RIGHT, TIMERS, counters);
  right.add(1, TO_LEFT, TIMERS);
}

const states = (history: readonly BfdHistory[]) =>
  history.map(({ status }) => status.state).filter((state, index, all) => state !== all[index - 1]);
const latest = (history: readonly BfdHistory[]) => history.at(-1)?.status;

/** Pauses between a side's packets in a time span, milliseconds. */
function gaps(from: string, sinceMs: number): readonly number[] {
  const times = link.sent.filter((packet) => packet.from === from && packet.atMs >= sinceMs).map(({ atMs }) => atMs);
  return times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
}

function packetFrom(fields: Partial<BfdPacket>): Uint8Array {
  return encodeBfdPacket({
    diagnostic: 0,
    state: 'Down',
    poll: false,
    final: false,
    controlPlaneIndependent: false,
    demand: false,
    detectMultiplier: 3,
    myDiscriminator: 99,
    yourDiscriminator: 0,
    desiredMinTxIntervalUs: 50_000,
    requiredMinRxIntervalUs: 50_000,
    requiredMinEchoRxIntervalUs: 0,
    ...fields,
  });
}

beforeEach(() => build());

describe('two engines', () => {
  it('come up, whoever starts first', () => {
    left.add(1, TO_RIGHT, TIMERS);
    clock.advance(5000);
    expect(states(leftHistory)).toEqual(['Down']);
    right.add(1, TO_LEFT, TIMERS);
    clock.advance(2000);
    expect(latest(leftHistory)).toMatchObject({ state: 'Up', remoteState: 'Up', transmitMs: 50, detectionMs: 150 });
    expect(latest(rightHistory)).toMatchObject({ state: 'Up', remoteState: 'Up', transmitMs: 50, detectionMs: 150 });
  });

  it('keep 75–100 % of 50 ms once Up, and 1 s before', () => {
    left.add(1, TO_RIGHT, TIMERS);
    clock.advance(20_000);
    const slow = gaps(LEFT, 0);
    expect(slow.length).toBeGreaterThan(18);
    expect(Math.min(...slow)).toBeGreaterThanOrEqual(750);
    expect(Math.max(...slow)).toBeLessThanOrEqual(1000);
    right.add(1, TO_LEFT, TIMERS);
    clock.advance(3000);
    const upSinceMs = clock.monotonicMs();
    clock.advance(20_000);
    const fast = gaps(LEFT, upSinceMs);
    expect(Math.min(...fast)).toBeGreaterThanOrEqual(37.5);
    expect(Math.max(...fast)).toBeLessThanOrEqual(50);
    expect(fast.length).toBeGreaterThan(400);
  });

  it('notice within 150 ms that the other has gone silent, and come back when it speaks', () => {
    addBoth();
    clock.advance(3000);
    const silentMs = clock.monotonicMs();
    link.silenced.add(RIGHT);
    clock.advance(400);
    const down = leftHistory.find(({ atMs, status }) => atMs > silentMs && status.state === 'Down');
    expect(down?.status.localDiagnostic).toBe('Control Detection Time Expired');
    expect((down?.atMs ?? 0) - silentMs).toBeGreaterThan(99);
    expect((down?.atMs ?? 0) - silentMs).toBeLessThanOrEqual(150.2);
    expect(latest(rightHistory)).toMatchObject({
      state: 'Down',
      localDiagnostic: 'Neighbor Signaled Session Down',
      remoteDiagnostic: 'Control Detection Time Expired',
    });
    link.silenced.clear();
    clock.advance(3000);
    expect([latest(leftHistory)?.state, latest(rightHistory)?.state]).toEqual(['Up', 'Up']);
  });

  it.each([1, 2, 3, 4, 5])('survive reordering and no loss without a flap (seed %i)', (seed) => {
    build(seed);
    link.maxDelayMs = 60;
    addBoth();
    clock.advance(5000);
    const before = leftHistory.length;
    clock.advance(120_000);
    expect(latest(leftHistory)?.state).toBe('Up');
    expect(leftHistory.slice(before).map(({ status }) => status.state)).not.toContain('Down');
  });

  it.each([1, 2, 3])('always come back after heavy loss (seed %i)', (seed) => {
    build(seed);
    link.loss = 0.5;
    link.maxDelayMs = 40;
    addBoth();
    clock.advance(60_000);
    expect(states(leftHistory).filter((state) => state === 'Down').length).toBeGreaterThan(1);
    link.loss = 0;
    clock.advance(5000);
    expect([latest(leftHistory)?.state, latest(rightHistory)?.state]).toEqual(['Up', 'Up']);
  });

  it('end without a failure where one is removed', () => {
    addBoth();
    clock.advance(3000);
    left.remove(1);
    clock.advance(1000);
    expect(latest(rightHistory)).toMatchObject({ state: 'Down', remoteState: 'AdminDown' });
    expect(rightHistory.map(({ status }) => status.localDiagnostic)).not.toContain('Control Detection Time Expired');
    const goodbyes = link.sent.flatMap(({ from, octets }) => {
      const decoding = decodeBfdPacket(octets);
      return from === LEFT && decoding.ok && decoding.packet.state === 'AdminDown' ? [decoding.packet] : [];
    });
    expect(goodbyes).toHaveLength(3);
    const packets = link.sent.length;
    clock.advance(10_000);
    expect(link.sent.slice(packets).every(({ from }) => from === RIGHT)).toBe(true);
    expect(clock.pendingTimers).toBeLessThanOrEqual(2);
  });

  it('start anew at once after a removal', () => {
    addBoth();
    clock.advance(3000);
    left.remove(1);
    left.add(2, TO_RIGHT, TIMERS);
    clock.advance(3000);
    expect(latest(rightHistory)?.state).toBe('Up');
  });

  it('leave no timer behind when they end', () => {
    addBoth();
    clock.advance(3000);
    left[Symbol.dispose]();
    right[Symbol.dispose]();
    clock.advance(1000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('change timers under a running session', () => {
    addBoth();
    clock.advance(3000);
    const before = leftHistory.length;
    left.configure(1, { desiredMinTxIntervalUs: 200_000, requiredMinRxIntervalUs: 100_000, detectMultiplier: 4 });
    clock.advance(1000);
    expect(latest(leftHistory)).toMatchObject({ state: 'Up', transmitMs: 200, detectionMs: 300 });
    expect(latest(rightHistory)).toMatchObject({ state: 'Up', transmitMs: 100, detectionMs: 800 });
    clock.advance(20_000);
    expect(leftHistory.slice(before).map(({ status }) => status.state)).not.toContain('Down');
    expect(latest(rightHistory)?.state).toBe('Up');
  });

  it('keep to different timers on both sides', () => {
    left.add(1, TO_RIGHT, { desiredMinTxIntervalUs: 10_000, requiredMinRxIntervalUs: 300_000, detectMultiplier: 2 });
    right.add(1, TO_LEFT, { desiredMinTxIntervalUs: 20_000, requiredMinRxIntervalUs: 50_000, detectMultiplier: 5 });
    clock.advance(4000);
    expect(latest(leftHistory)).toMatchObject({ transmitMs: 50, detectionMs: 1500 });
    expect(latest(rightHistory)).toMatchObject({ transmitMs: 300, detectionMs: 100 });
  });

  it('say why they cannot send, and go on trying', () => {
    link.broken.add(LEFT);
    left.add(1, TO_RIGHT, TIMERS, counters);
    expect(latest(leftHistory)?.problem).toBe('network is unreachable');
    clock.advance(5000);
    expect(counters.read().sendErrors).toBeGreaterThan(4);
    link.broken.clear();
    right.add(1, TO_LEFT, TIMERS);
    clock.advance(3000);
    expect(latest(leftHistory)).toMatchObject({ state: 'Up' });
    expect(latest(leftHistory)?.problem).toBeUndefined();
  });
});

describe('an engine and strangers', () => {
  beforeEach(() => {
    addBoth();
    clock.advance(3000);
  });

  it('ignores packets that crossed a router, valid as they are', () => {
    const { received } = counters.read();
    const down = packetFrom({ state: 'Down' });
    for (const hopLimit of [254, 64, 1]) {
      link.inject(LEFT, { octets: down, remoteAddress: RIGHT, hopLimit, multihop: false });
    }
    link.inject(LEFT, { octets: down, remoteAddress: RIGHT, multihop: false });
    expect(counters.read()).toMatchObject({ received, hopLimitDiscarded: 4 });
    expect(latest(leftHistory)?.state).toBe('Up');
    link.inject(LEFT, { octets: down, remoteAddress: RIGHT, hopLimit: 255, multihop: false });
    expect(latest(leftHistory)?.state).toBe('Down');
  });

  it('takes no packets of one port for sessions of the other', () => {
    link.inject(LEFT, { octets: packetFrom({}), remoteAddress: RIGHT, hopLimit: 3, multihop: true });
    expect(latest(leftHistory)?.state).toBe('Up');
  });

  it('does not answer systems that it has no session with, or discriminators that it did not give', () => {
    const before = link.sent.length;
    link.inject(LEFT, { octets: packetFrom({}), remoteAddress: '192.0.2.99', hopLimit: 255, multihop: false });
    link.inject(LEFT, {
      octets: packetFrom({ yourDiscriminator: 12_345, state: 'Up', poll: true }),
      remoteAddress: RIGHT,
      hopLimit: 255,
      multihop: false,
    });
    link.inject(LEFT, { octets: new Uint8Array(3), remoteAddress: RIGHT, hopLimit: 255, multihop: false });
    expect(link.sent.length).toBe(before);
    expect(counters.read().discarded).toBe(2);
    expect(latest(leftHistory)?.state).toBe('Up');
  });

  it('finds the session by the local address that a packet came to', () => {
    const history: BfdHistory[] = [];
    const engine = link.engine('198.51.100.1', history);
    const own = new BfdCounters();
    engine.add(1, { remoteAddress: RIGHT, localAddress: '198.51.100.1', multihop: false }, TIMERS, own);
    const arrive = (localAddress: string) =>
      link.inject('198.51.100.1', {
        octets: packetFrom({}),
        remoteAddress: RIGHT,
        localAddress,
        hopLimit: 255,
        multihop: false,
      });
    arrive('198.51.100.2');
    expect(own.read().received).toBe(0);
    arrive('198.51.100.1');
    expect(own.read().received).toBe(1);
    expect(latest(history)?.state).toBe('Init');
  });
});
