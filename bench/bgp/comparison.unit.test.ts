import { expect, it } from 'vitest';
import { comparisonTable, NOT_FINISHED } from './comparison.ts';

it('has a row for each figure and a column for each daemon, with ratios to the first', () => {
  const figures = [
    { what: 'announce: session up → all: slash32', value: 40, unit: 'ms' },
    { what: 'announce: session up → all: BIRD', value: 3100, unit: 'ms' },
    { what: 'one route: slash32, p50', value: 0.8, unit: 'ms' },
    { what: 'one route: BIRD, p50', value: 0.4, unit: 'ms' },
    { what: 'flaps: slash32', value: 0, unit: 'flaps' },
    { what: 'flaps: BIRD', value: 1, unit: 'flaps' },
    { what: 'relay: slash32', value: 6, unit: 's' },
    { what: 'relay: BIRD', value: 60, unit: 's', note: `1 run; ${NOT_FINISHED} within 60 s` },
    { what: 'by its tool: BIRD, p50', value: 7, unit: 'ms' },
  ];
  expect(comparisonTable(figures, ['slash32', 'BIRD'])).toBe(`|  | slash32 | BIRD |
| --- | ---: | ---: |
| announce: session up → all (ms) | 40 | 3100 (78) |
| one route, p50 (ms) | 0.80 | 0.40 (0.50) |
| flaps (flaps) | 0 | 1 |
| relay (s) | 6 | > 60 (> 10) |
| by its tool, p50 (ms) | – | 7 |`);
});
