import { describe, expect, it } from 'vitest';
import { acceptsAs, isMixed, peerTypeOf, type RemoteAs, remoteAsText, soleAsOf } from '../../src/peers/remote-as.ts';

const OURS = 64_601;

describe('what AS a router may be of', () => {
  it.each([
    ['a number', [64_901], 'ebgp', { accepts: [64_901], refuses: [OURS, 64_902] }],
    ['our number', [OURS], 'ibgp', { accepts: [OURS], refuses: [64_901] }],
    ['a list', [64_901, 64_902], 'ebgp', { accepts: [64_901, 64_902], refuses: [OURS, 64_903] }],
    ['external', 'external', 'ebgp', { accepts: [1, 64_901, 4_200_000_000], refuses: [OURS] }],
    ['internal', 'internal', 'ibgp', { accepts: [OURS], refuses: [64_901] }],
  ] as const)('%s', (_what, remoteAs, type, { accepts, refuses }) => {
    const session = { remoteAs, localAsNumber: OURS };
    expect(peerTypeOf(session)).toBe(type);
    for (const asNumber of accepts) expect(acceptsAs(session, asNumber)).toBe(true);
    for (const asNumber of refuses) expect(acceptsAs(session, asNumber)).toBe(false);
  });

  it('follows the AS that we are towards this router', () => {
    expect(peerTypeOf({ remoteAs: [64_700], localAsNumber: 64_700 })).toBe('ibgp');
    expect(acceptsAs({ remoteAs: 'internal', localAsNumber: 64_700 }, OURS)).toBe(false);
    expect(acceptsAs({ remoteAs: 'external', localAsNumber: 64_700 }, OURS)).toBe(true);
  });

  it('knows a list that is of both kinds', () => {
    const mixed = (remoteAs: RemoteAs) => isMixed({ remoteAs, localAsNumber: OURS });
    expect(mixed([OURS, 64_901])).toBe(true);
    expect(mixed([OURS, OURS])).toBe(false);
    expect(mixed([64_901, 64_902])).toBe(false);
    expect(mixed('external')).toBe(false);
  });

  it('says what it is before the router does, where that is certain', () => {
    const sole = (remoteAs: RemoteAs) => soleAsOf({ remoteAs, localAsNumber: OURS });
    expect(sole([64_901])).toBe(64_901);
    expect(sole('internal')).toBe(OURS);
    expect(sole('external')).toBeUndefined();
    expect(sole([64_901, 64_902])).toBeUndefined();
  });

  it('has words for it', () => {
    const text = (remoteAs: RemoteAs) => remoteAsText({ remoteAs, localAsNumber: OURS });
    expect(text([64_901])).toBe('64901');
    expect(text([64_901, 64_902])).toBe('64901 or 64902');
    expect(text('external')).toBe('external (any but our own 64601)');
    expect(text('internal')).toBe('internal (our own 64601)');
  });
});
