import { FakeClock, silentLogger } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { RestartDeferral } from '../../src/kernel-sync/restart-deferral.ts';

const BOTH = ['ipv4-unicast', 'ipv6-unicast'] as const;

let clock: FakeClock;
let ends: number;
let deferral: RestartDeferral;

beforeEach(() => {
  clock = new FakeClock();
  ends = 0;
  deferral = new RestartDeferral({
    clock,
    logger: silentLogger,
    onEnd: () => {
      ends += 1;
    },
  });
});

function begin(...names: readonly string[]): void {
  deferral.begin(new Map(names.map((name) => [name, BOTH])), 120_000);
}

describe('restart deferral', () => {
  it('ends at once without peers, and only once', () => {
    begin();
    expect(ends).toBe(1);
    begin('a');
    expect(deferral.isOver).toBe(true);
    expect(ends).toBe(1);
  });

  it('waits for End-of-RIB of every family of every peer', () => {
    begin('a', 'b');
    deferral.peerUp('a', new Set(BOTH), true);
    deferral.endOfRib('a', 'ipv4-unicast');
    deferral.endOfRib('a', 'ipv6-unicast');
    deferral.peerUp('b', new Set(BOTH), true);
    deferral.endOfRib('b', 'ipv4-unicast');
    expect(ends).toBe(0);
    deferral.endOfRib('b', 'ipv6-unicast');
    expect(ends).toBe(1);
  });

  it('does not wait for a family that the session does not have', () => {
    begin('a');
    deferral.peerUp('a', new Set(['ipv4-unicast']), true);
    deferral.endOfRib('a', 'ipv4-unicast');
    expect(ends).toBe(1);
  });

  it('does not wait for a peer that was removed', () => {
    begin('a');
    deferral.peerRemoved('a');
    expect(ends).toBe(1);
  });

  it('gives a peer without graceful restart five seconds, unless it goes down again', () => {
    begin('a');
    deferral.peerUp('a', new Set(BOTH), false);
    deferral.peerDown('a');
    clock.advance(10_000);
    expect(ends).toBe(0);
    deferral.peerUp('a', new Set(BOTH), false);
    clock.advance(4999);
    expect(ends).toBe(0);
    clock.advance(1);
    expect(ends).toBe(1);
  });

  it('ends with its timer whatever is missing', () => {
    begin('a');
    clock.advance(119_999);
    expect(ends).toBe(0);
    clock.advance(1);
    expect(ends).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });
});
