import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BFD_STATES, type BfdPacket } from '../../src/bfd/bfd-packet.ts';
import { bfdTransition } from '../../src/bfd/bfd-session.ts';
import { type BfdInput, type BfdSession, newBfdSession, SLOW_INTERVAL_US } from '../../src/bfd/bfd-session-state.ts';
import { detectionDeadlineMs, detectionTimeUs, transmitIntervalUs } from '../../src/bfd/bfd-timing.ts';

const interval = fc.constantFrom(0, 10_000, 50_000, 100_000, 1_000_000, 3_000_000);
const timers = fc.record({
  desiredMinTxIntervalUs: interval.filter((value) => value > 0),
  requiredMinRxIntervalUs: interval.filter((value) => value > 0),
  detectMultiplier: fc.integer({ min: 1, max: 5 }),
});

const packet: fc.Arbitrary<BfdPacket> = fc.record({
  diagnostic: fc.integer({ min: 0, max: 8 }),
  state: fc.constantFrom(...BFD_STATES),
  poll: fc.boolean(),
  final: fc.boolean(),
  controlPlaneIndependent: fc.boolean(),
  demand: fc.boolean(),
  detectMultiplier: fc.integer({ min: 1, max: 5 }),
  myDiscriminator: fc.integer({ min: 1, max: 3 }),
  yourDiscriminator: fc.constant(7),
  desiredMinTxIntervalUs: interval,
  requiredMinRxIntervalUs: interval,
  requiredMinEchoRxIntervalUs: interval,
});

/** An input, and the milliseconds that pass before it. */
const step = fc.record({
  afterMs: fc.constantFrom(0, 1, 40, 400, 20_000),
  input: fc.oneof(
    { weight: 6, arbitrary: packet.map((received) => ({ type: 'packet', packet: received }) as const) },
    { weight: 2, arbitrary: fc.constant({ type: 'check-detection' } as const) },
    { weight: 2, arbitrary: fc.constant({ type: 'transmit' } as const) },
    { weight: 1, arbitrary: timers.map((changed) => ({ type: 'configure', timers: changed }) as const) },
    { weight: 1, arbitrary: fc.constantFrom({ type: 'disable' } as const, { type: 'enable' } as const) },
  ),
});

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function inputAt({ input }: Step, nowMs: number): BfdInput {
  if (input.type === 'packet') return { ...input, nowMs };
  return input.type === 'check-detection' ? { ...input, nowMs } : input;
}

function mustHold(session: BfdSession, packets: readonly BfdPacket[]): void {
  for (const sent of packets) {
    expect(sent.poll && sent.final).toBe(false);
    expect(sent.state).toBe(session.state);
    expect(sent.myDiscriminator).toBe(7);
    if (sent.state !== 'Up') expect(sent.desiredMinTxIntervalUs).toBeGreaterThanOrEqual(SLOW_INTERVAL_US);
  }
  if (session.state !== 'Up') {
    expect(session.poll).toBe('none');
    expect(transmitIntervalUs(session) ?? SLOW_INTERVAL_US).toBeGreaterThanOrEqual(SLOW_INTERVAL_US);
  }
  // We never send faster than the remote system takes, nor expect it to send faster than it said or we take.
  expect(transmitIntervalUs(session) ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(session.remoteMinRxIntervalUs);
  expect(detectionTimeUs(session)).toBeGreaterThanOrEqual(
    session.remoteDetectMultiplier * Math.max(session.requiredMinRxIntervalUs, session.remoteDesiredMinTxIntervalUs),
  );
  if (session.poll === 'none') {
    expect(session.effectiveMinTxIntervalUs).toBe(session.desiredMinTxIntervalUs);
    expect(session.effectiveMinRxIntervalUs).toBe(session.requiredMinRxIntervalUs);
  }
  if (session.lastReceivedMs === undefined) expect(session.remoteDiscriminator).toBe(0);
}

describe('a BFD session, whatever comes', () => {
  it('keeps to the rules', () => {
    fc.assert(
      fc.property(timers, fc.array(step, { maxLength: 40 }), (configured, steps) => {
        let session = newBfdSession(7, configured);
        let nowMs = 0;
        for (const next of steps) {
          nowMs += next.afterMs;
          const input = inputAt(next, nowMs);
          const before = session;
          const outcome = bfdTransition(before, input);
          session = outcome.session;
          mustHold(session, outcome.packets);
          if (input.type === 'packet' && input.packet.poll && session.state !== 'AdminDown') {
            expect(outcome.packets.filter(({ final }) => final)).toHaveLength(1);
          }
          if (session.state !== before.state) expect(outcome.packets.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('comes up within three packets of a system that wants to, and goes Down by silence alone', () => {
    fc.assert(
      fc.property(timers, fc.array(step, { maxLength: 20 }), (configured, steps) => {
        let session = newBfdSession(7, configured);
        let nowMs = 0;
        const apply = (input: BfdInput) => {
          session = bfdTransition(session, input).session;
        };
        for (const next of steps) {
          nowMs += next.afterMs;
          apply(inputAt(next, nowMs));
        }
        apply({ type: 'enable' });
        nowMs = Math.max(nowMs, detectionDeadlineMs(session) ?? 0);
        apply({ type: 'check-detection', nowMs });
        expect(session.state).toBe('Down');
        for (const state of ['Down', 'Init', 'Up'] as const) {
          apply({
            type: 'packet',
            nowMs,
            packet: {
              diagnostic: 0,
              state,
              poll: false,
              final: true,
              controlPlaneIndependent: false,
              demand: false,
              detectMultiplier: 3,
              myDiscriminator: 5,
              yourDiscriminator: 7,
              desiredMinTxIntervalUs: 100_000,
              requiredMinRxIntervalUs: 100_000,
              requiredMinEchoRxIntervalUs: 0,
            },
          });
        }
        expect(session.state).toBe('Up');
      }),
      { numRuns: 1000 },
    );
  });
});
