import { expect, test } from 'vitest';
import { SharedValues } from '../../src/model/shared-values.ts';

test('equal values are one object as long as somebody has it', () => {
  const shared = new SharedValues<{ readonly network: string }>(({ network }) => network);
  const first = shared.take({ network: 'blue' });
  const second = shared.take({ network: 'blue' });
  expect(second).toBe(first);
  expect(shared.take({ network: 'red' })).not.toBe(first);
  shared.giveBack(first);
  expect(shared.take({ network: 'blue' })).toBe(first);
  expect(shared.size).toBe(2);
});

test('what nobody has any more is not kept', () => {
  const shared = new SharedValues<string>((text) => text);
  shared.take('compute-1');
  shared.take('compute-1');
  shared.giveBack('compute-1');
  expect(shared.size).toBe(1);
  shared.giveBack('compute-1');
  expect(shared.size).toBe(0);
});
