import { readFileSync, writeFileSync } from 'node:fs';
import { type Figure, valueText } from '../report/report.ts';

/** In notes: a daemon was not done when its time was up, and the value is that time, or what there was by then. */
export const NOT_FINISHED = 'NOT FINISHED';

const BEGIN = '<!-- bgp: written by `make bench-bgp` -->';
const END = '<!-- bgp: end -->';

/**
 * Figures named `WHAT: DAEMON` (and perhaps `, p50`) as a Markdown table, a row for each WHAT and a column for each daemon, in
 * order. Behind the first daemon's, a cell has in brackets how many times the first one's value it is.
 */
export function comparisonTable(figures: readonly Figure[], daemons: readonly string[]): string {
  const rows = new Map<string, Map<string, Figure>>();
  for (const figure of figures) {
    const daemon = daemons.find((name) => figure.what.replace(/, p50$/, '').endsWith(`: ${name}`));
    if (daemon === undefined) continue;
    const what = figure.what.replace(`: ${daemon}`, '');
    const row = rows.get(what) ?? new Map<string, Figure>();
    row.set(daemon, figure);
    rows.set(what, row);
  }
  const [first = ''] = daemons;
  const lines = [...rows].map(([what, row]) => {
    const reference = row.get(first);
    const unit = [...row.values()][0]?.unit ?? '';
    return [`${what} (${unit})`, ...daemons.map((daemon) => cell(row.get(daemon), reference))];
  });
  return [['', ...daemons], daemons.reduce((cells) => [...cells, '---:'], ['---']), ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function cell(figure: Figure | undefined, reference: Figure | undefined): string {
  if (figure === undefined) return '–';
  const sign = figure.note?.includes(NOT_FINISHED) === true ? '> ' : '';
  const text = `${sign}${valueText(figure.value)}`;
  if (reference === undefined || figure === reference || reference.value === 0) return text;
  return `${text} (${sign}${ratioText(figure.value / reference.value)})`;
}

function ratioText(ratio: number): string {
  return ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(ratio >= 1 ? 1 : 2);
}

/** Puts the text between its marks in a README. */
export function writeComparison(readme: string, text: string): void {
  const before = readFileSync(readme, 'utf8');
  const [begin, end] = [before.indexOf(BEGIN), before.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${readme}: no place for the table between "${BEGIN}" and "${END}"`);
  writeFileSync(readme, `${before.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${before.slice(end)}`);
}
