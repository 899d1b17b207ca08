import type { TextStyle, Tone } from './text-style.ts';

export interface Column<Row> {
  readonly header: string;
  readonly value: (row: Row) => string;
  readonly tone?: (row: Row) => Tone | undefined;
  readonly align?: 'right';
  /** May be broken at spaces and commas to make the table fit the terminal. */
  readonly wrap?: true;
}

export interface TableLayout {
  /** Columns of the terminal; `undefined`: as wide as it gets, one line per row, good for grep and awk. */
  readonly width: number | undefined;
  readonly style: TextStyle;
}

const GAP = '   ';
const MINIMUM_WRAP_WIDTH = 12;

/**
 * Rows under upper-case headers, as kubectl prints them. On a terminal that is too narrow, columns marked `wrap` are
 * broken into lines, widest first; nothing is ever cut off. Ends with a newline; empty cells show `-`.
 */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { width, style }: TableLayout,
): string {
  const cells = rows.map((row) => columns.map((column) => column.value(row) || '-'));
  const widths = columns.map((column, index) =>
    Math.max(column.header.length, ...cells.map((row) => row[index]?.length ?? 0)),
  );
  if (width !== undefined) shrink(columns, widths, width);

  const line = (texts: readonly string[], tones: readonly (Tone | undefined)[]): string =>
    texts
      .map((text, index) => {
        const padding = ' '.repeat(Math.max(0, (widths[index] ?? 0) - text.length));
        const styled = style(tones[index], text);
        if (columns[index]?.align === 'right') return padding + styled;
        return index === texts.length - 1 ? styled : styled + padding;
      })
      .join(GAP)
      .trimEnd();

  const lines = [
    line(
      columns.map((column) => column.header),
      columns.map(() => 'heading'),
    ),
  ];
  cells.forEach((texts, rowIndex) => {
    const row = rows[rowIndex];
    const tones = columns.map((column) => (row === undefined ? undefined : column.tone?.(row)));
    const broken = texts.map((text, index) =>
      columns[index]?.wrap ? wrapText(text, widths[index] ?? text.length) : [text],
    );
    const height = Math.max(...broken.map((part) => part.length));
    for (let part = 0; part < height; part += 1) {
      lines.push(
        line(
          broken.map((parts) => parts[part] ?? ''),
          tones,
        ),
      );
    }
  });
  return `${lines.join('\n')}\n`;
}

/** `NAME: value` lines with the values aligned; pairs without a value are left out. */
export function formatFields(fields: readonly (readonly [name: string, value: string | undefined])[]): string {
  const present = fields.filter(([, value]) => value !== undefined && value !== '');
  const width = Math.max(0, ...present.map(([name]) => name.length)) + 1;
  return present.map(([name, value]) => `${`${name}:`.padEnd(width)}  ${value}\n`).join('');
}

/** Breaks at spaces and after commas and slashes; a word longer than `width` stays whole. `width` in characters. */
export function wrapText(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of text.match(/[^\s,]*,|[^\s,]+|\s+/g) ?? []) {
    if (current !== '' && (current + word).trimEnd().length > width) {
      lines.push(current.trimEnd());
      current = word.trimStart();
    } else current += word;
  }
  lines.push(current.trimEnd());
  return lines;
}

/** Narrows wrappable columns, always the widest, until the table fits or nothing more gives. */
function shrink<Row>(columns: readonly Column<Row>[], widths: number[], total: number): void {
  let excess = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1) - total;
  while (excess > 0) {
    let widest = -1;
    columns.forEach((column, index) => {
      const width = widths[index] ?? 0;
      if (column.wrap && width > MINIMUM_WRAP_WIDTH && width > (widths[widest] ?? 0)) widest = index;
    });
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
}
