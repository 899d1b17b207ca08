import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveCollision } from '../../src/session/collision.ts';

const OURS = { routerId: '192.0.2.10', asNumber: 64_601 };

describe('connection collision', () => {
  it('keeps the connection of the higher BGP Identifier, whichever came first', () => {
    const lower = { routerId: '192.0.2.9', asNumber: 65_000 };
    const higher = { routerId: '192.0.10.1', asNumber: 65_000 };
    expect(resolveCollision(OURS, lower, { initiator: 'local' }, { initiator: 'remote' })).toBe('keep-existing');
    expect(resolveCollision(OURS, lower, { initiator: 'remote' }, { initiator: 'local' })).toBe('keep-newer');
    expect(resolveCollision(OURS, higher, { initiator: 'local' }, { initiator: 'remote' })).toBe('keep-newer');
    expect(resolveCollision(OURS, higher, { initiator: 'remote' }, { initiator: 'local' })).toBe('keep-existing');
  });

  it('compares identifiers as unsigned numbers', () => {
    const high = { routerId: '200.0.0.1', asNumber: 65_000 };
    expect(resolveCollision(OURS, high, { initiator: 'local' }, { initiator: 'remote' })).toBe('keep-newer');
  });

  it('decides by AS number between equal identifiers (RFC 6286)', () => {
    const twin = { ...OURS, asNumber: 65_000 };
    expect(resolveCollision(OURS, twin, { initiator: 'local' }, { initiator: 'remote' })).toBe('keep-newer');
  });

  it('keeps the newer of two that one side made', () => {
    expect(resolveCollision(OURS, OURS, { initiator: 'remote' }, { initiator: 'remote' })).toBe('keep-newer');
  });

  it('both sides keep the same connection', () => {
    const side = fc.record({ routerId: fc.ipV4(), asNumber: fc.integer({ min: 1, max: 2 ** 32 - 2 }) });
    fc.assert(
      fc.property(side, side, fc.boolean(), fc.boolean(), (a, b, aMadeFirst, bSawFirst) => {
        fc.pre(a.routerId !== b.routerId || a.asNumber !== b.asNumber);
        // Connection 1 was made by one side, connection 2 by the other; each side may have seen either one first.
        const madeByA = aMadeFirst ? 1 : 2;
        const keptBy = (own: typeof a, other: typeof a, ownConnection: number, sawFirst: number) => {
          const initiator = (connection: number) => (connection === ownConnection ? 'local' : 'remote');
          const newer = 3 - sawFirst;
          const outcome = resolveCollision(
            own,
            other,
            { initiator: initiator(sawFirst) },
            { initiator: initiator(newer) },
          );
          return outcome === 'keep-existing' ? sawFirst : newer;
        };
        expect(keptBy(a, b, madeByA, 1)).toBe(keptBy(b, a, 3 - madeByA, bSawFirst ? 1 : 2));
      }),
    );
  });
});
