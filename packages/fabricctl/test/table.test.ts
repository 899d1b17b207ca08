import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration } from '../src/output/duration.ts';
import { formatFields, formatTable, wrapText } from '../src/output/table.ts';
import { ansiStyle, plainStyle } from '../src/output/text-style.ts';

const rows = [
  { name: 'a', count: 5, text: 'one two three four five' },
  { name: 'longer', count: 100, text: '' },
];
const columns = [
  { header: 'NAME', value: (row: (typeof rows)[number]) => row.name },
  { header: 'COUNT', value: (row: (typeof rows)[number]) => String(row.count), align: 'right' as const },
  { header: 'TEXT', value: (row: (typeof rows)[number]) => row.text, wrap: true as const },
];

describe('table', () => {
  it('aligns columns, shows empty cells, and keeps a row on its line where there is no terminal', () => {
    expect(formatTable(rows, columns, { width: undefined, style: plainStyle })).toBe(
      ['NAME     COUNT   TEXT', 'a            5   one two three four five', 'longer     100   -', ''].join('\n'),
    );
  });

  it('breaks wrappable columns on a narrow terminal and loses nothing', () => {
    expect(formatTable(rows, columns, { width: 30, style: plainStyle })).toBe(
      [
        'NAME     COUNT   TEXT',
        'a            5   one two three',
        '                 four five',
        'longer     100   -',
        '',
      ].join('\n'),
    );
  });

  it('pads by what is seen, not by the codes of colours', () => {
    const tinted = [
      { header: 'NAME', value: (row: { name: string }) => row.name, tone: () => 'bad' as const },
      { header: 'X', value: () => 'x' },
    ];
    const text = formatTable([{ name: 'ab' }], tinted, { width: undefined, style: ansiStyle });
    expect(text.split('\n')[1]).toBe('\u001b[31mab\u001b[39m     x');
  });

  it('aligns fields and leaves out those without a value', () => {
    expect(
      formatFields([
        ['A', '1'],
        ['Long', '2'],
        ['None', undefined],
      ]),
    ).toBe('A:     1\nLong:  2\n');
  });

  it('keeps every word when it wraps, and no line is wider than asked for unless one word is', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{1,9},?$/)), fc.integer({ min: 10, max: 40 }), (words, width) => {
        const lines = wrapText(words.join(' '), width);
        expect(lines.join(' ').split(' ')).toEqual(words.join(' ').split(' '));
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      }),
    );
  });

  it.each([
    [0, '0s'],
    [59.9, '59s'],
    [61, '1m01s'],
    [3723, '1h02m'],
    [190_000, '2d4h'],
  ])('writes %d seconds as %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});
