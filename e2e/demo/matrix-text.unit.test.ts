import { expect, test } from 'vitest';
import type { FlowOutcome } from '../scenario/flow-check.ts';
import { isAllowed, type Party } from '../scenario/party.ts';
import type { ScreenResult } from '../scenario/screen-run.ts';
import { describeFault, screenText } from './matrix-text.ts';

const a: Party = { name: 'a', node: 'a', address: '192.0.2.1' };
const b: Party = { name: 'b', node: 'b', address: '192.0.2.2' };

function outcome(from: Party, to: Party, port: number, reached: boolean, expectedSource?: string): FlowOutcome {
  return {
    attempt: { from, to, transport: 'tcp', port },
    ...(expectedSource === undefined ? {} : { expectedSource }),
    result: reached ? { reached, seenSource: from.address } : { reached },
    asExpected: reached === (expectedSource !== undefined),
  };
}

function screen(outcomes: readonly FlowOutcome[]): ScreenResult {
  const newlyPasses = [{ from: a, to: b, ports: [80], seenAs: '192.0.2.1' }];
  return {
    screen: { number: '9', title: 'a may reach b', manifest: '', changes: [], newlyPasses },
    outcomes,
    applyMs: 12,
    checkMs: 34,
  };
}

const GOOD = [
  outcome(a, b, 80, true, '192.0.2.1'),
  outcome(a, b, 81, false),
  outcome(b, a, 80, false),
  outcome(b, a, 81, false),
];

test('a screen as plain text', () => {
  expect(screenText(screen(GOOD), [a, b], { color: false })).toBe(
    [
      'Screen 9: a may reach b',
      '     to a    to b',
      '  a  .       > 80',
      '  b  x none  .',
      '  new: a -> b, tcp 80; seen as 192.0.2.1',
      '  4 flows: 1 passed, 3 dropped; all as expected (applied in 12 ms, tried in 34 ms)',
      '',
    ].join('\n'),
  );
});

test('a terminal gets green and red arrows', () => {
  const text = screenText(screen(GOOD), [a, b], { color: true });
  expect(text).toContain('\u001b[32m→ 80');
  expect(text).toContain('\u001b[31m↛ none');
});

test('a flow that differs stands out, with what was expected', () => {
  const opened = outcome(b, a, 81, true);
  const text = screenText(screen([...GOOD.slice(0, 3), { ...opened, asExpected: false }]), [a, b], { color: false });
  expect(text).toContain('WRONG: b -> a tcp/81: expected a drop, but it arrived as 192.0.2.2');
  expect(text).toContain('1 NOT as expected');
  expect(text).toContain('  b  ! 81');
  const closed = outcome(a, b, 80, false, '192.0.2.1');
  expect(describeFault(closed)).toBe('a -> b tcp/80: expected to arrive as 192.0.2.1, but nothing arrived');
});

test('a passage allows its ports over TCP only, or every port', () => {
  const some = { from: a, to: b, ports: [80], seenAs: a.address };
  const any = { ...some, ports: 'any' as const };
  expect(isAllowed({ from: a, to: b, transport: 'tcp', port: 80 }, some)).toBe(true);
  expect(isAllowed({ from: a, to: b, transport: 'udp', port: 80 }, some)).toBe(false);
  expect(isAllowed({ from: b, to: a, transport: 'tcp', port: 80 }, any)).toBe(false);
  expect(isAllowed({ from: a, to: b, transport: 'udp', port: 53 }, any)).toBe(true);
});
