import type { FlowOutcome } from '../scenario/flow-check.ts';
import type { Party } from '../scenario/party.ts';
import type { ScreenResult } from '../scenario/screen-run.ts';

export interface TextStyle {
  /** Escape sequences and arrows; without: plain ASCII. */
  readonly color: boolean;
}

const GREEN = '\u001b[32m';
const RED = '\u001b[31m';
const BOLD = '\u001b[1m';
const DIM = '\u001b[2m';
const RESET = '\u001b[0m';

/** A screen as a matrix, rows sending to columns, followed by what is new and what is not as expected. */
export function screenText(result: ScreenResult, parties: readonly Party[], style: TextStyle): string {
  const { screen, outcomes } = result;
  const cells = parties.map((from) => parties.map((to) => cellOf(from, to, outcomes)));
  const widths = parties.map((to, column) =>
    Math.max(to.name.length + 3, ...cells.map((row) => (row[column]?.text.length ?? 0) + 2)),
  );
  const rowWidth = Math.max(...parties.map((party) => party.name.length));
  const header = parties.map((to, column) => `to ${to.name}`.padEnd(widths[column] ?? 0)).join('  ');
  const lines = [
    paint(`Screen ${screen.number}: ${screen.title}`, BOLD, style),
    paint(`  ${''.padEnd(rowWidth)}  ${header}`.trimEnd(), DIM, style),
    ...parties.map((from, row) => {
      const texts = (cells[row] ?? []).map((cell, column) => cellText(cell, widths[column] ?? 0, style));
      return `  ${from.name.padEnd(rowWidth)}  ${texts.join('  ')}`.trimEnd();
    }),
  ];
  for (const passage of screen.newlyPasses) {
    const ports = passage.ports === 'any' ? 'any port' : `tcp ${passage.ports.join(', ')}`;
    const text = `${passage.from.name} ${arrow(style)} ${passage.to.name}, ${ports}; seen as ${passage.seenAs}`;
    lines.push(`  new: ${paint(text, GREEN, style)}`);
  }
  const wrong = outcomes.filter(({ asExpected }) => !asExpected);
  for (const outcome of wrong) lines.push(paint(`  WRONG: ${describeFault(outcome)}`, `${BOLD}${RED}`, style));
  const passed = outcomes.filter(({ result: { reached } }) => reached).length;
  const verdict = wrong.length === 0 ? 'all as expected' : `${wrong.length} NOT as expected`;
  const times = `applied in ${Math.round(result.applyMs)} ms, tried in ${Math.round(result.checkMs)} ms`;
  lines.push(
    `  ${outcomes.length} flows: ${passed} passed, ${outcomes.length - passed} dropped; ` +
      `${paint(verdict, wrong.length === 0 ? GREEN : `${BOLD}${RED}`, style)} ${paint(`(${times})`, DIM, style)}`,
  );
  return `${lines.join('\n')}\n`;
}

interface Cell {
  readonly text: string;
  readonly state: 'none' | 'passes' | 'drops' | 'wrong';
}

function cellOf(from: Party, to: Party, outcomes: readonly FlowOutcome[]): Cell {
  const own = outcomes.filter(({ attempt }) => attempt.from === from && attempt.to === to);
  if (own.length === 0) return { text: '', state: 'none' };
  const reached = own.filter(({ result }) => result.reached);
  const state = own.some(({ asExpected }) => !asExpected) ? 'wrong' : reached.length > 0 ? 'passes' : 'drops';
  if (reached.length === own.length) return { text: 'any', state };
  return { text: reached.map(({ attempt }) => attempt.port).join(',') || 'none', state };
}

function cellText({ text, state }: Cell, width: number, style: TextStyle): string {
  switch (state) {
    case 'none':
      return '.'.padEnd(width);
    case 'passes':
      return paint(`${style.color ? '→' : '>'} ${text}`.padEnd(width), GREEN, style);
    case 'drops':
      return paint(`${style.color ? '↛' : 'x'} ${text}`.padEnd(width), RED, style);
    case 'wrong':
      return paint(`! ${text}`.padEnd(width), `${BOLD}${RED}`, style);
  }
}

/** `def -> W tcp/443: expected a drop, but it arrived, seen as 192.0.2.21`. */
export function describeFault({ attempt, expectedSource, result }: FlowOutcome): string {
  const flow = `${attempt.from.name} -> ${attempt.to.name} ${attempt.transport}/${attempt.port}`;
  const expected = expectedSource === undefined ? 'a drop' : `to arrive as ${expectedSource}`;
  const seen = result.reached
    ? `it arrived as ${result.seenSource ?? 'unknown'}`
    : `nothing arrived${result.error === undefined ? '' : ` (${result.error})`}`;
  return `${flow}: expected ${expected}, but ${seen}`;
}

function arrow(style: TextStyle): string {
  return style.color ? '→' : '->';
}

function paint(text: string, code: string, style: TextStyle): string {
  return style.color ? `${code}${text}${RESET}` : text;
}
