import type { BgpFamily } from '@slash32/shared';
import { FakeClock, WELL_KNOWN_COMMUNITIES } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type Capability,
  FAMILY_PARAMETERS,
  hardReset,
  type NotificationMessage,
  type OpenMessage,
  prefixKeyFamily,
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
  /** By family, seconds; `forwarding`: its F bits. */
  readonly longLived?: { readonly [V4]?: number; readonly [V6]?: number; readonly forwarding?: boolean };
  /** False: no capability of graceful restart. */
  readonly gracefulRestart?: boolean;
}

function open(offer: Offer | undefined): OpenMessage {
  const families = (offer?.families ?? [V4, V6]).map((family) => FAMILY_PARAMETERS[family]);
  const capabilities: Capability[] = [V4, V6].map((family) => ({
    kind: 'multiprotocol',
    ...FAMILY_PARAMETERS[family as BgpFamily],
  }));
  if (offer?.longLived !== undefined) capabilities.push(longLived(offer.longLived));
  if (offer !== undefined && offer.gracefulRestart !== false) {
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

function longLived({ forwarding = true, ...times }: NonNullable<Offer['longLived']>): Capability {
  const families = Object.entries(times).map(([family, staleTimeSeconds]) => ({
    ...FAMILY_PARAMETERS[family as BgpFamily],
    forwardingPreserved: forwarding,
    staleTimeSeconds,
  }));
  return { kind: 'long-lived-graceful-restart', families };
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
    ['BFD is down at the peer; both keep', both, reason('notification-received', notification(6, 10)), false],
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

describe('long-lived (RFC 9494)', () => {
  const offer: Offer = { restartTimeSeconds: 60, longLived: { [V4]: 1000, [V6]: 500 } };
  const lastResorts = (): readonly [number, number] => {
    const count = (family: BgpFamily) =>
      [...new Set(table.keys())].filter(
        (key) => prefixKeyFamily(key) === family && table.candidates(key).every(({ isLastResort }) => isLastResort),
      ).length;
    return [count(V4), count(V6)];
  };

  it('keeps routes after the restart time, as the last resort, for the time of each family', () => {
    helper.sessionDown(session(offer), TCP);
    clock.advance(59 * SECOND);
    expect([lastResorts(), helper.longLived.size]).toEqual([[0, 0], 0]);
    clock.advance(SECOND);
    expect([received(), lastResorts(), helper.peerRestarting]).toEqual([[2, 1], [2, 1], true]);
    expect([...helper.longLived]).toEqual([
      [V4, 1000],
      [V6, 500],
    ]);
    clock.advance(500 * SECOND);
    expect([received(), helper.peerRestarting]).toEqual([[2, 0], true]);
    clock.advance(500 * SECOND);
    expect([received(), helper.peerRestarting, helper.longLived.size]).toEqual([[0, 0], false, 0]);
  });

  const cases: readonly [string, Offer | undefined, Offer, readonly [number, number]][] = [
    ['the shorter time counts', offer, { ...offer, longLived: { [V4]: 100, [V6]: 5000 } }, [100, 500]],
    ['one family only', { ...offer, longLived: { [V6]: 500 } }, offer, [0, 500]],
    ['time 0 is none', { ...offer, longLived: { [V4]: 0, [V6]: 500 } }, offer, [0, 500]],
    ['we do not offer it', offer, { restartTimeSeconds: 60 }, [0, 0]],
    ['they do not offer it', { restartTimeSeconds: 60 }, offer, [0, 0]],
    ['it counts for nothing without graceful restart', { ...offer, gracefulRestart: false }, offer, [0, 0]],
  ];
  for (const [what, remote, local, seconds] of cases) {
    it(`negotiates: ${what}`, () => {
      helper.sessionDown(session(remote, local), TCP);
      clock.advance(60 * SECOND);
      expect([helper.longLived.get(V4) ?? 0, helper.longLived.get(V6) ?? 0]).toEqual(seconds);
      expect(received()).toEqual([seconds[0] > 0 ? 2 : 0, seconds[1] > 0 ? 1 : 0]);
    });
  }

  it('begins at once without a restart time, and for families that graceful restart leaves out', () => {
    helper.sessionDown(session({ ...offer, families: [V4] }), TCP);
    expect([lastResorts(), helper.longLived.has(V4)]).toEqual([[0, 1], false]);
    helper.clear();
    announce(V4, '10.0.0.0/8');
    helper.sessionDown(session({ ...offer, restartTimeSeconds: 0 }), TCP);
    expect([lastResorts(), helper.peerRestarting]).toEqual([[1, 0], true]);
  });

  it('is no matter for ends that keep nothing', () => {
    helper.sessionDown(session(offer), reason('notification-received'));
    expect(received()).toEqual([0, 0]);
    announce(V4, '10.0.0.0/8');
    helper.sessionDown(session({ ...offer, notification: true }), reason('notification-received'));
    clock.advance(100 * SECOND);
    expect(received()).toEqual([1, 0]);
    helper.sessionUp(session({ ...offer, notification: true }));
    helper.sessionDown(
      session({ ...offer, notification: true }),
      reason('notification-sent', hardReset(notification(6, 3))),
    );
    expect([received(), helper.longLived.size]).toEqual([[0, 0], 0]);
  });

  it('goes on while the peer is back, until End-of-RIB', () => {
    helper.sessionDown(session(offer), TCP);
    clock.advance(160 * SECOND);
    helper.sessionUp(session(offer));
    announce(V4, '10.0.0.0/8');
    expect(lastResorts()).toEqual([1, 1]);
    clock.advance(100 * SECOND);
    expect([received(), helper.longLived.get(V4)]).toEqual([[2, 1], 800]);
    helper.endOfRib(V4);
    expect([received(), lastResorts(), [...helper.longLived.keys()]]).toEqual([[1, 1], [0, 1], [V6]]);
    clock.advance(300 * SECOND);
    expect([received(), helper.longLived.size]).toEqual([[1, 0], 0]);
  });

  it('does not begin anew when the session is lost again before End-of-RIB', () => {
    helper.sessionDown(session(offer), TCP);
    clock.advance(160 * SECOND);
    helper.sessionUp(session(offer));
    announce(V4, '10.1.0.0/16');
    helper.sessionDown(session(offer), TCP);
    expect([received(), lastResorts(), helper.longLived.get(V4)]).toEqual([[2, 1], [1, 1], 900]);
    clock.advance(60 * SECOND);
    expect([lastResorts(), helper.longLived.get(V4)]).toEqual([[2, 1], 840]);
    clock.advance(840 * SECOND);
    expect(received()).toEqual([0, 0]);
  });

  it('ends at once where the peer is back without having kept its forwarding, or without LLGR', () => {
    const backs: readonly (readonly [Offer, readonly [number, number]])[] = [
      [{ ...offer, longLived: { [V4]: 1000, [V6]: 500, forwarding: false } }, [0, 0]],
      [{ ...offer, longLived: { [V6]: 500 } }, [0, 1]],
      [{ restartTimeSeconds: 60 }, [0, 0]],
      [{ ...offer, forwardingPreserved: false }, [2, 1]],
    ];
    for (const [back, left] of backs) {
      helper.clear();
      announce(V4, '10.0.0.0/8', '10.1.0.0/16');
      announce(V6, '2001:db8::/32');
      helper.sessionDown(session(offer), TCP);
      clock.advance(61 * SECOND);
      helper.sessionUp(session(back, offer));
      expect(received()).toEqual(left);
    }
  });

  it('leaves out what the peer does not want kept so long', () => {
    const unkept: ImportVerdict['attributes'] = {
      ...VERDICT.attributes,
      communities: [WELL_KNOWN_COMMUNITIES.NO_LLGR],
    };
    table.setPolicy({ forRoute: (_family, came) => () => ({ attributes: came }) }, () => {});
    const block = { family: V4, prefixes: [prefixKeyFromText('10.1.0.0/16')] } as const;
    table.announce(block, unkept, { address: '192.0.2.1' }, () => {});
    helper.sessionDown(session(offer), TCP);
    clock.advance(61 * SECOND);
    expect(received()).toEqual([1, 1]);
    const [kept] = table.candidates(prefixKeyFromText('10.0.0.0/8'));
    expect(kept?.attributes.communities).toEqual([WELL_KNOWN_COMMUNITIES.LLGR_STALE]);
  });
});

describe('a peer that fell silent', () => {
  it('has its routes kept as the last resort', () => {
    const both = session({ restartTimeSeconds: 60, notification: true });
    for (const [why, keptAs] of [
      [reason('notification-sent', notification(4)), 'silent'],
      [reason('notification-sent', notification(8)), 'silent'],
      [reason('notification-received', notification(4)), undefined],
      [reason('notification-sent', notification(3, 1)), undefined],
      [TCP, undefined],
    ] as const) {
      helper.clear();
      announce(V4, '10.0.0.0/8');
      helper.sessionDown(both, why);
      expect(table.candidates(prefixKeyFromText('10.0.0.0/8')).map((path) => path.keptAs)).toEqual([keptAs]);
      helper.sessionUp(both);
      announce(V4, '10.0.0.0/8');
      expect(table.candidates(prefixKeyFromText('10.0.0.0/8'))[0]?.isLastResort).toBe(false);
    }
  });
});
