import { describe, expect, it } from 'vitest';
import { BFD_DIAGNOSTIC, BFD_STATES, type BfdPacket, type BfdState } from '../../src/bfd/bfd-packet.ts';
import { bfdTransition } from '../../src/bfd/bfd-session.ts';
import { type BfdInput, type BfdOutcome, type BfdSession, newBfdSession } from '../../src/bfd/bfd-session-state.ts';
import {
  detectionDeadlineMs,
  detectionTimeUs,
  jitteredIntervalUs,
  transmitIntervalUs,
} from '../../src/bfd/bfd-timing.ts';

const TIMERS = { desiredMinTxIntervalUs: 100_000, requiredMinRxIntervalUs: 100_000, detectMultiplier: 3 };
const LOCAL = 7;
const REMOTE = 9;

function packet(fields: Partial<BfdPacket> = {}): BfdPacket {
  return {
    diagnostic: 0,
    state: 'Down',
    poll: false,
    final: false,
    controlPlaneIndependent: false,
    demand: false,
    detectMultiplier: 3,
    myDiscriminator: REMOTE,
    yourDiscriminator: LOCAL,
    desiredMinTxIntervalUs: 100_000,
    requiredMinRxIntervalUs: 100_000,
    requiredMinEchoRxIntervalUs: 0,
    ...fields,
  };
}

function received(fields: Partial<BfdPacket> = {}, nowMs = 0): BfdInput {
  return { type: 'packet', packet: packet(fields), nowMs };
}

/** Carries out inputs from Down on; the outcome of the last one. */
function after(...inputs: readonly BfdInput[]): BfdOutcome {
  let outcome: BfdOutcome = { session: newBfdSession(LOCAL, TIMERS), packets: [] };
  for (const input of inputs) outcome = bfdTransition(outcome.session, input);
  return outcome;
}

const TO_STATE: Readonly<Record<BfdState, readonly BfdInput[]>> = {
  AdminDown: [{ type: 'disable' }],
  Down: [],
  Init: [received({ state: 'Down' })],
  Up: [received({ state: 'Init' }), received({ state: 'Up', final: true })],
};

const inState = (state: BfdState): BfdSession => after(...TO_STATE[state]).session;

describe('states (RFC 5880 6.2, 6.8.6)', () => {
  const table: Readonly<Record<BfdState, Readonly<Record<BfdState, readonly [BfdState, number]>>>> = {
    AdminDown: {
      AdminDown: ['AdminDown', 7],
      Down: ['AdminDown', 7],
      Init: ['AdminDown', 7],
      Up: ['AdminDown', 7],
    },
    Down: { AdminDown: ['Down', 0], Down: ['Init', 0], Init: ['Up', 0], Up: ['Down', 0] },
    Init: { AdminDown: ['Down', 3], Down: ['Init', 0], Init: ['Up', 0], Up: ['Up', 0] },
    Up: { AdminDown: ['Down', 3], Down: ['Down', 3], Init: ['Up', 0], Up: ['Up', 0] },
  };

  const cases = BFD_STATES.flatMap((local) => BFD_STATES.map((remote) => [local, remote] as const));

  it.each(cases)('%s, received %s', (local, remote) => {
    const { session } = bfdTransition(inState(local), received({ state: remote }));
    expect([session.state, session.localDiagnostic]).toEqual(table[local][remote]);
    expect(session.remoteState).toBe(remote);
  });

  it('go Down where a Detection Time passes without a packet', () => {
    for (const state of ['Init', 'Up'] as const) {
      const before = inState(state);
      const early = bfdTransition(before, { type: 'check-detection', nowMs: 299 });
      expect(early).toEqual({ session: before, packets: [] });
      const { session, packets } = bfdTransition(before, { type: 'check-detection', nowMs: 3000 });
      expect(session).toMatchObject({
        state: 'Down',
        localDiagnostic: BFD_DIAGNOSTIC.controlDetectionTimeExpired,
        remoteDiscriminator: 0,
        remoteState: 'Down',
        lastReceivedMs: undefined,
      });
      expect(packets).toMatchObject([{ state: 'Down', diagnostic: 1, yourDiscriminator: 0 }]);
    }
  });

  it('forget the remote system in Down too, and nothing else', () => {
    const { session, packets } = after(received({ state: 'AdminDown', requiredMinRxIntervalUs: 0 }), {
      type: 'check-detection',
      nowMs: 10_000,
    });
    expect(session).toMatchObject({ state: 'Down', localDiagnostic: 0, remoteDiscriminator: 0 });
    expect(transmitIntervalUs(session)).toBe(1_000_000);
    expect(packets).toEqual([]);
  });

  it('are AdminDown from disable to enable', () => {
    const disabled = bfdTransition(inState('Up'), { type: 'disable' });
    expect(disabled.packets).toMatchObject([{ state: 'AdminDown', diagnostic: BFD_DIAGNOSTIC.administrativelyDown }]);
    const enabled = bfdTransition(disabled.session, { type: 'enable' });
    expect(enabled.packets).toMatchObject([{ state: 'Down', diagnostic: 0 }]);
    expect(bfdTransition(inState('Up'), { type: 'enable' })).toEqual({ session: inState('Up'), packets: [] });
  });
});

describe('packets (RFC 5880 6.8.7)', () => {
  it('tell a new state at once', () => {
    expect(after(...TO_STATE.Init).packets).toMatchObject([{ state: 'Init', yourDiscriminator: REMOTE }]);
    expect(bfdTransition(inState('Init'), received({ state: 'Up' })).packets).toMatchObject([
      { state: 'Up', poll: true, desiredMinTxIntervalUs: 100_000 },
    ]);
    expect(bfdTransition(inState('Up'), received({ state: 'Down' })).packets).toMatchObject([
      { state: 'Down', diagnostic: 3, poll: false, desiredMinTxIntervalUs: 1_000_000 },
    ]);
  });

  it('are not sent for a packet that changes nothing', () => {
    expect(bfdTransition(inState('Up'), received({ state: 'Up' })).packets).toEqual([]);
  });

  it('answer a Poll with Final, at once, in whatever state, and never both in one', () => {
    for (const state of ['Down', 'Init', 'Up'] as const) {
      const { packets } = bfdTransition(inState(state), received({ state: 'Up', poll: true }));
      expect(packets[0]).toMatchObject({ poll: false, final: true });
    }
    const polled = bfdTransition(inState('Init'), received({ state: 'Up', poll: true }));
    expect(polled.packets).toMatchObject([
      { state: 'Up', poll: false, final: true },
      { state: 'Up', poll: true, final: false },
    ]);
    expect(bfdTransition(inState('AdminDown'), received({ poll: true })).packets).toEqual([]);
  });

  it('say that we share fate with the control plane, and use neither demand nor echo', () => {
    expect(bfdTransition(inState('Up'), { type: 'transmit' }).packets).toEqual([
      {
        diagnostic: 0,
        state: 'Up',
        poll: false,
        final: false,
        controlPlaneIndependent: false,
        demand: false,
        detectMultiplier: 3,
        myDiscriminator: LOCAL,
        yourDiscriminator: REMOTE,
        desiredMinTxIntervalUs: 100_000,
        requiredMinRxIntervalUs: 100_000,
        requiredMinEchoRxIntervalUs: 0,
      },
    ]);
  });
});

describe('Poll Sequences (RFC 5880 6.5, 6.8.3)', () => {
  const slower: BfdInput = { type: 'configure', timers: { ...TIMERS, desiredMinTxIntervalUs: 400_000 } };
  const final = received({ state: 'Up', final: true });

  it('run from Up until Final', () => {
    const up = after(received({ state: 'Init' })).session;
    expect(up.poll).toBe('running');
    expect(bfdTransition(up, { type: 'transmit' }).packets).toMatchObject([{ poll: true }]);
    expect(bfdTransition(up, received({ state: 'Up' })).session.poll).toBe('running');
    expect(bfdTransition(up, final).session.poll).toBe('none');
  });

  it('hold back a slower rate until the remote system knows', () => {
    const polling = bfdTransition(inState('Up'), slower);
    expect(polling.packets).toMatchObject([{ poll: true, desiredMinTxIntervalUs: 400_000 }]);
    expect(transmitIntervalUs(polling.session)).toBe(100_000);
    expect(transmitIntervalUs(bfdTransition(polling.session, final).session)).toBe(400_000);
  });

  it('let a faster rate begin at once', () => {
    const up = bfdTransition(inState('Up'), received({ state: 'Up', requiredMinRxIntervalUs: 10_000 })).session;
    const faster = { ...TIMERS, desiredMinTxIntervalUs: 50_000 };
    expect(transmitIntervalUs(bfdTransition(up, { type: 'configure', timers: faster }).session)).toBe(50_000);
  });

  it('hold back a shorter Detection Time, and let a longer one begin at once', () => {
    const up = bfdTransition(inState('Up'), received({ state: 'Up', desiredMinTxIntervalUs: 10_000 })).session;
    const shorter = bfdTransition(up, { type: 'configure', timers: { ...TIMERS, requiredMinRxIntervalUs: 20_000 } });
    expect(detectionTimeUs(shorter.session)).toBe(300_000);
    const known = bfdTransition(
      shorter.session,
      received({ state: 'Up', final: true, desiredMinTxIntervalUs: 10_000 }),
    );
    expect(detectionTimeUs(known.session)).toBe(60_000);
    const longer = bfdTransition(up, { type: 'configure', timers: { ...TIMERS, requiredMinRxIntervalUs: 900_000 } });
    expect(detectionTimeUs(longer.session)).toBe(2_700_000);
  });

  it('follow one another where timers change in between', () => {
    const once = bfdTransition(inState('Up'), slower).session;
    const twice = bfdTransition(once, { type: 'configure', timers: { ...TIMERS, desiredMinTxIntervalUs: 800_000 } });
    expect(twice.session.poll).toBe('again');
    const afterFirst = bfdTransition(twice.session, final);
    expect(afterFirst.session.poll).toBe('running');
    expect(afterFirst.packets).toMatchObject([{ poll: true, desiredMinTxIntervalUs: 800_000 }]);
    expect(transmitIntervalUs(afterFirst.session)).toBe(100_000);
    expect(transmitIntervalUs(bfdTransition(afterFirst.session, final).session)).toBe(800_000);
  });

  it('are not needed for the multiplier alone, which is told at once', () => {
    const { session, packets } = bfdTransition(inState('Up'), {
      type: 'configure',
      timers: { ...TIMERS, detectMultiplier: 5 },
    });
    expect(session.poll).toBe('none');
    expect(packets).toMatchObject([{ detectMultiplier: 5, poll: false }]);
  });

  it('are not needed while not Up', () => {
    const { session } = bfdTransition(inState('Down'), slower);
    expect(session).toMatchObject({ poll: 'none', desiredMinTxIntervalUs: 1_000_000 });
    expect(after(slower, received({ state: 'Init' })).session.desiredMinTxIntervalUs).toBe(400_000);
  });

  it('end when the session does', () => {
    const polling = bfdTransition(inState('Up'), slower).session;
    expect(bfdTransition(polling, received({ state: 'Down' })).session.poll).toBe('none');
  });
});

describe('timers', () => {
  it('are 1 s or slower while not Up', () => {
    for (const state of ['Down', 'Init', 'AdminDown'] as const) {
      expect(transmitIntervalUs(inState(state))).toBe(1_000_000);
    }
    expect(transmitIntervalUs(newBfdSession(1, { ...TIMERS, desiredMinTxIntervalUs: 2_000_000 }))).toBe(2_000_000);
  });

  it('are the slower of what we send and what the remote system takes', () => {
    const rate = (requiredMinRxIntervalUs: number) =>
      transmitIntervalUs(bfdTransition(inState('Up'), received({ state: 'Up', requiredMinRxIntervalUs })).session);
    expect(rate(20_000)).toBe(100_000);
    expect(rate(500_000)).toBe(500_000);
    expect(rate(0)).toBeUndefined();
  });

  it('detect by the remote multiplier and the slower of what we take and what it sends', () => {
    const { session } = bfdTransition(
      inState('Up'),
      received({ state: 'Up', detectMultiplier: 5, desiredMinTxIntervalUs: 200_000 }, 1000),
    );
    expect(detectionTimeUs(session)).toBe(1_000_000);
    expect(detectionDeadlineMs(session)).toBe(2000);
    expect(detectionDeadlineMs(newBfdSession(1, TIMERS))).toBeUndefined();
  });

  it('stand still while the remote system is in demand mode, but for Polls', () => {
    const demanding = received({ state: 'Up', demand: true });
    const { session } = bfdTransition(inState('Up'), demanding);
    expect(transmitIntervalUs(session)).toBeUndefined();
    const polling = bfdTransition(session, {
      type: 'configure',
      timers: { ...TIMERS, requiredMinRxIntervalUs: 200_000 },
    });
    expect(transmitIntervalUs(polling.session)).toBe(100_000);
    expect(transmitIntervalUs(bfdTransition(session, received({ state: 'Up' })).session)).toBe(100_000);
    expect(
      transmitIntervalUs(bfdTransition(inState('Down'), received({ state: 'AdminDown', demand: true })).session),
    ).toBe(1_000_000);
  });

  it.each([
    [3, 0, 75],
    [3, 1, 100],
    [1, 0, 75],
    [1, 1, 90],
  ])('have jitter: multiplier %i, random %i → %i %%', (multiplier, random, percent) => {
    expect(jitteredIntervalUs(100_000, multiplier, random)).toBeCloseTo(percent * 1000);
  });
});
