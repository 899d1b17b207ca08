import type { BgpFamily } from '@slash32/shared';
import { FakeClock } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type Capability,
  FAMILY_PARAMETERS,
  hardReset,
  type NotificationMessage,
  type OpenMessage,
  prefixKeyFromText,
} from '../../src/codec/index.ts';
import type { DownReason } from '../../src/fsm/fsm-action.ts';
import { AdjRibIn } from '../../src/rib/adj-rib-in.ts';
import type { ImportPolicy, ImportVerdict } from '../../src/rib/import-policy.ts';
import { GracefulRestartHelper } from '../../src/session/graceful-restart-helper.ts';
import { type NegotiatedSession, negotiateSession } from '../../src/session/negotiated-session.ts';
import { attributes, source } from '../lab/paths.ts';

const SECOND = 1000;
const V4 = 'ipv4-unicast';
const V6 = 'ipv6-unicast';
const VERDICT: ImportVerdict = { attributes: attributes([65_000]) };
const ACCEPT_ALL: ImportPolicy = { forRoute: () => () => VERDICT };

let clock: FakeClock;
let table: AdjRibIn;
let helper: GracefulRestartHelper;

interface Offer {
  readonly families?: readonly BgpFamily[];
  readonly restartTimeSeconds?: number;
  readonly notification?: boolean;
  readonly forwardingPreserved?: boolean;
}

function open(offer: Offer | undefined): OpenMessage {
  const families = (offer?.families ?? [V4, V6]).map((family) => FAMILY_PARAMETERS[family]);
  const capabilities: Capability[] = [V4, V6].map((family) => ({
    kind: 'multiprotocol',
    ...FAMILY_PARAMETERS[family as BgpFamily],
  }));
  if (offer !== undefined) {
    capabilities.push({
      kind: 'graceful-restart',
      restarting: false,
      notification: offer.notification ?? false,
      restartTimeSeconds: offer.restartTimeSeconds ?? 120,
      families: families.map((family) => ({ ...family, forwardingPreserved: offer.forwardingPreserved ?? true })),
    });
  }
  return { version: 4, myAs: 65_000, holdTimeSeconds: 90, routerId: '192.0.2.9', capabilities };
}

function session(remote: Offer | undefined, local: Offer = remote ?? {}): NegotiatedSession {
  return negotiateSession(open(local), open(remote), 'ebgp');
}

function announce(family: BgpFamily, ...prefixes: readonly string[]): void {
  const block = { family, prefixes: prefixes.map(prefixKeyFromText) };
  table.announce(block, VERDICT.attributes, { address: '192.0.2.1' }, () => {});
}

function received(): readonly [number, number] {
  return [table.received(V4), table.received(V6)];
}

const TCP: DownReason = { cause: 'tcp', text: 'closed' };
const notification = (code: number, subcode = 0): NotificationMessage => ({ code, subcode, data: new Uint8Array(0) });
const reason = (cause: DownReason['cause'], sent = notification(3, 1)): DownReason => ({
  cause,
  text: 'why',
  notification: sent,
});

beforeEach(() => {
  clock = new FakeClock();
  table = new AdjRibIn(source('p'), ACCEPT_ALL);
  helper = new GracefulRestartHelper(
    clock,
    table,
    () => ({ stalePathSeconds: 30 }),
    () => {},
  );
  announce(V4, '10.0.0.0/8', '10.1.0.0/16');
  announce(V6, '2001:db8::/32');
});

describe('which ends of a session keep the peer’s routes', () => {
  const offer = { restartTimeSeconds: 60 };
  const both = session({ ...offer, notification: true });
  const cases: readonly [string, NegotiatedSession, DownReason, boolean][] = [
    ['TCP ends', session(offer), TCP, true],
    ['TCP ends, and the peer offered nothing', session(undefined), TCP, false],
    ['TCP ends, and the peer offered no time', session({ restartTimeSeconds: 0 }), TCP, false],
    ['a NOTIFICATION comes', session(offer), reason('notification-received'), false],
    ['a NOTIFICATION comes; both keep', both, reason('notification-received'), true],
    [
      'a NOTIFICATION comes; the peer alone keeps',
      session({ ...offer, notification: true }, offer),
      reason('notification-received'),
      false,
    ],
    [
      'a NOTIFICATION comes; we alone keep',
      session(offer, { ...offer, notification: true }),
      reason('notification-received'),
      false,
    ],
    ['a NOTIFICATION is sent; both keep', both, reason('notification-sent'), true],
    ['the hold time is over; both keep', both, reason('notification-sent', notification(4)), true],
    ['the hold time is over', session(offer), reason('notification-sent', notification(4)), false],
    ['a Hard Reset comes; both keep', both, reason('notification-received', hardReset(notification(6, 2))), false],
    ['a Hard Reset is sent; both keep', both, reason('notification-sent', hardReset(notification(6, 3))), false],
    ['it was stopped; both keep', both, reason('stopped', notification(6, 2)), false],
  ];
  for (const [what, ended, why, kept] of cases) {
    it(`${kept ? 'keeps' : 'drops'}: ${what}`, () => {
      expect(helper.sessionDown(ended, why)).toBe(kept);
      expect([received(), helper.peerRestarting]).toEqual([kept ? [2, 1] : [0, 0], kept]);
    });
  }

  it('a family that the peer did not offer to keep goes', () => {
    helper.sessionDown(session({ families: [V6] }), TCP);
    expect(received()).toEqual([0, 1]);
  });
});

describe('how long', () => {
  it('for the restart time while the peer is away', () => {
    helper.sessionDown(session({ restartTimeSeconds: 60 }), TCP);
    clock.advance(59 * SECOND);
    expect([received(), helper.peerRestarting]).toEqual([[2, 1], true]);
    clock.advance(SECOND);
    expect([received(), helper.peerRestarting]).toEqual([[0, 0], false]);
  });

  it('for stalePathSeconds once it is back, or until End-of-RIB', () => {
    const offered = session({ restartTimeSeconds: 60 });
    helper.sessionDown(offered, TCP);
    clock.advance(50 * SECOND);
    helper.sessionUp(offered);
    announce(V4, '10.0.0.0/8');
    helper.endOfRib(V4);
    expect(received()).toEqual([1, 1]);
    clock.advance(30 * SECOND);
    expect(received()).toEqual([1, 0]);
  });

  it('not over a second end, unless NOTIFICATIONs keep routes', () => {
    for (const keeps of [false, true]) {
      announce(V4, '10.0.0.0/8', '10.1.0.0/16');
      const offered = session({ restartTimeSeconds: 60, notification: keeps });
      helper.sessionDown(offered, TCP);
      helper.sessionUp(offered);
      announce(V4, '10.1.0.0/16');
      helper.sessionDown(offered, TCP);
      expect([table.received(V4), table.staleRoutes(V4)]).toEqual(keeps ? [2, 2] : [1, 1]);
      helper.clear();
    }
  });

  it('no longer for a session that comes and goes', () => {
    const offered = session({ restartTimeSeconds: 60, notification: true });
    helper.sessionDown(offered, reason('notification-sent', notification(4)));
    for (let elapsed = 0; elapsed < 80; elapsed += 10) {
      clock.advance(5 * SECOND);
      helper.sessionUp(offered);
      clock.advance(5 * SECOND);
      helper.sessionDown(offered, reason('notification-sent', notification(4)));
      expect(received()).toEqual([2, 1]);
    }
    clock.advance(10 * SECOND);
    expect(received()).toEqual([0, 0]);
  });
});

describe('when the peer is back', () => {
  it('what it did not keep forwarding goes at once', () => {
    helper.sessionDown(session({}), TCP);
    helper.sessionUp(session({ families: [V4] }));
    expect(received()).toEqual([2, 0]);
    helper.sessionUp(session({ forwardingPreserved: false }));
    expect(received()).toEqual([0, 0]);
  });
});
