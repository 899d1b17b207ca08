import { FakeClock } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { type PrefixKey, prefixKeyFromText, prefixKeyToText } from '../../src/codec/index.ts';
import { AdjRibIn } from '../../src/rib/adj-rib-in.ts';
import { RefreshReceiver } from '../../src/session/refresh-receiver.ts';
import { attributes, source } from '../lab/paths.ts';

const FAMILY = 'ipv4-unicast';
const ACCEPT_ALL = {
  forRoute: (_family: unknown, received: ReturnType<typeof attributes>) => () => verdictOf(received),
};
const VERDICTS = new Map<object, { attributes: ReturnType<typeof attributes> }>();
const verdictOf = (received: ReturnType<typeof attributes>) => {
  const verdict = VERDICTS.get(received) ?? { attributes: received };
  VERDICTS.set(received, verdict);
  return verdict;
};
const ATTRIBUTES = attributes([65_000]);

let clock: FakeClock;
let table: AdjRibIn;
let refresh: RefreshReceiver;
let changed: string[];

const onChanged = (key: PrefixKey): void => {
  changed.push(prefixKeyToText(key));
};

function announce(...prefixes: readonly string[]): void {
  table.announce(
    { family: FAMILY, prefixes: prefixes.map(prefixKeyFromText) },
    ATTRIBUTES,
    { address: '192.0.2.1' },
    onChanged,
  );
}

beforeEach(() => {
  clock = new FakeClock();
  changed = [];
  table = new AdjRibIn(source('p'), ACCEPT_ALL);
  refresh = new RefreshReceiver(clock, table, onChanged);
  announce('10.0.0.0/8', '10.1.0.0/16');
  changed = [];
});

describe('answer to a ROUTE-REFRESH', () => {
  it('removes at its end what it did not repeat, and touches nothing else', () => {
    refresh.begin(FAMILY);
    expect(table.candidates(prefixKeyFromText('10.1.0.0/16'))).toHaveLength(1);
    announce('10.0.0.0/8');
    expect([changed, table.staleRoutes()]).toEqual([[], 1]);
    refresh.end(FAMILY);
    expect(changed).toEqual(['10.1.0.0/16']);
    expect([table.received(FAMILY), table.accepted(FAMILY)]).toEqual([1, 1]);
  });

  it('that begins anew starts over, without removing anything', () => {
    refresh.begin(FAMILY);
    announce('10.0.0.0/8');
    refresh.begin(FAMILY);
    expect([changed, table.staleRoutes()]).toEqual([[], 2]);
    announce('10.1.0.0/16', '10.0.0.0/8');
    refresh.end(FAMILY);
    expect(changed).toEqual([]);
  });

  it('that never ends is taken as ended after six minutes; an end without a begin means nothing', () => {
    refresh.end(FAMILY);
    expect(table.received(FAMILY)).toBe(2);
    refresh.begin(FAMILY);
    clock.advance(359_000);
    expect(table.received(FAMILY)).toBe(2);
    clock.advance(1000);
    expect([table.received(FAMILY), refresh.isActive]).toEqual([0, false]);
  });

  it('that a lost session cuts off removes nothing', () => {
    refresh.begin(FAMILY);
    refresh.abandon();
    clock.advance(3_600_000);
    expect([table.received(FAMILY), table.staleRoutes(), changed]).toEqual([2, 0, []]);
  });
});
