import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reconciler } from '../src/dataplane/reconciler.ts';

interface Item {
  readonly key: string;
  readonly value: string;
}

function reconciler(): Reconciler<Item> {
  return new Reconciler<Item>({ keyOf: ({ key }) => key, textOf: ({ key, value }) => `${key}=${value}` });
}

const item = (key: string, value = 'v'): Item => ({ key, value });

/** Brings the kernel to what is wanted, as a manager does. */
function repair(state: Reconciler<Item>, kernel: Map<string, Item>): void {
  for (const [key, { desired }] of state.differences()) {
    if (desired === undefined) {
      kernel.delete(key);
      state.confirmAbsent(key);
    } else {
      kernel.set(key, desired);
      state.confirmPresent(desired);
    }
  }
}

describe('Reconciler', () => {
  it('adds what is wanted, and has nothing to do once that is confirmed', () => {
    const state = reconciler();
    state.want('a', [item('1')]);
    expect([...state.differences().keys()]).toEqual(['1']);
    expect(state.settled('a')).toBe(false);
    state.confirmPresent(item('1'));
    expect(state.differences().size).toBe(0);
    expect(state.settled('a')).toBe(true);
  });

  it('removes what its owner no longer wants, and what nobody ever wanted', () => {
    const state = reconciler();
    state.learn([item('1'), item('stranger')]);
    state.want('a', [item('1'), item('2')]);
    state.confirmPresent(item('2'));
    state.want('a', [item('2')]);
    expect([...state.differences()].map(([key, { desired }]) => [key, desired]).sort()).toEqual([
      ['1', undefined],
      ['stranger', undefined],
    ]);
  });

  it('keeps a key that was handed to another owner, whichever of the two is told first', () => {
    for (const order of [['b', 'a'] as const, ['a', 'b'] as const]) {
      const state = reconciler();
      state.want('a', [item('1', 'old')]);
      const next = { a: [], b: [item('1', 'new')] };
      for (const owner of order) state.want(owner, next[owner]);
      expect(state.wanted('1')).toEqual(item('1', 'new'));
      expect(state.ownerOf('1')).toBe('b');
    }
  });

  it('finds a changed object, and what was forgotten', () => {
    const state = reconciler();
    state.want('a', [item('1'), item('2')]);
    state.learn([item('1', 'other'), item('2')]);
    expect(state.differences().get('1')).toEqual({ actual: item('1', 'other'), desired: item('1') });
    state.forget(({ key }) => key === '2');
    expect(state.differences().has('2')).toBe(true);
  });

  it('ends at what owners want, whatever the history', () => {
    const items = fc.uniqueArray(fc.record({ key: fc.constantFrom('1', '2', '3'), value: fc.constantFrom('x', 'y') }), {
      selector: ({ key }) => key,
    });
    const step = fc.oneof(
      fc.record({ type: fc.constant('want' as const), items }),
      fc.record({ type: fc.constant('interfere' as const), items }),
      fc.record({ type: fc.constant('repair' as const) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const state = reconciler();
        const kernel = new Map<string, Item>();
        let wanted: readonly Item[] = [];
        for (const action of steps) {
          if (action.type === 'want') {
            wanted = action.items;
            state.want('owner', wanted);
          } else if (action.type === 'interfere') {
            kernel.clear();
            for (const object of action.items) kernel.set(object.key, object);
            state.learn([...kernel.values()]);
          } else repair(state, kernel);
        }
        repair(state, kernel);
        expect(kernel).toEqual(new Map(wanted.map((object) => [object.key, object])));
        expect(state.settled('owner')).toBe(true);
        expect(state.differences().size).toBe(0);
      }),
    );
  });
});
