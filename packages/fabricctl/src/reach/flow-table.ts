import { formatTable, type TableLayout } from '../output/table.ts';
import type { Tone } from '../output/text-style.ts';
import { endText, type FlowRecord } from './flow-record.ts';
import { compareNames, nameList } from './name-list.ts';

/** Flows that people read as one: the same services between each of the sources and each of the destinations. */
interface FlowRow {
  readonly verb: string;
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
  readonly families: readonly string[];
  readonly text: string;
  readonly note: string;
}

export interface FlowRowInput {
  /** `opens`, `closes`; empty: the table has no such column. */
  readonly verb: string;
  readonly record: FlowRecord;
}

const TONES: Readonly<Record<string, Tone>> = { opens: 'good', closes: 'bad' };

/** `folded`: ends with the same flows share a row. `instances`: all that there are, by name. */
export function flowTable(
  inputs: readonly FlowRowInput[],
  instances: readonly string[],
  folded: boolean,
  layout: TableLayout,
): string {
  const rows = inputs.map(rowOf);
  const withVerb = rows.some(({ verb }) => verb !== '');
  const withNotes = rows.some(({ note }) => note !== '');
  return formatTable(
    folded ? foldRows(rows) : rows,
    [
      ...(withVerb
        ? [{ header: 'CHANGE', value: (row: FlowRow) => row.verb, tone: (row: FlowRow) => TONES[row.verb] }]
        : []),
      {
        header: 'FROM',
        value: ({ sources, destinations }) => nameList(sources, instances, only(destinations)),
        wrap: true,
      },
      {
        header: 'TO',
        value: ({ sources, destinations }) => nameList(destinations, instances, only(sources)),
        wrap: true,
      },
      { header: 'FAMILY', value: ({ families }) => families.join(', ') },
      { header: 'FLOWS', value: ({ text }) => text, wrap: true },
      ...(withNotes ? [{ header: 'NOTE', value: (row: FlowRow) => row.note, wrap: true as const }] : []),
    ],
    layout,
  );
}

function only(names: readonly string[]): string | undefined {
  return names.length === 1 ? names[0] : undefined;
}

function rowOf({ verb, record }: FlowRowInput): FlowRow {
  const { source, destination, family, text, seenSource } = record;
  return {
    verb,
    sources: [endText(source)],
    destinations: [endText(destination)],
    families: [`IPv${family}`],
    text,
    note: seenSource === undefined ? '' : `seen as ${seenSource} beyond the site`,
  };
}

/** Rows that differ in one column only become one, families first, so that each flow is told once. */
function foldRows(rows: readonly FlowRow[]): readonly FlowRow[] {
  const byDestination = foldBy(foldBy(rows, 'families'), 'destinations');
  return foldBy(foldCircles(byDestination), 'sources');
}

function foldBy(rows: readonly FlowRow[], column: 'families' | 'destinations' | 'sources'): readonly FlowRow[] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify({ ...row, [column]: undefined }));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return [{ ...first, [column]: [...new Set(group.flatMap((row) => row[column]))].toSorted(compareNames) }];
  });
}

/** Rows of ends that all reach all the others, as one. */
function foldCircles(rows: readonly FlowRow[]): readonly FlowRow[] {
  const circles = Map.groupBy(rows, (row) => {
    const everybody = [...row.sources, ...row.destinations].toSorted(compareNames);
    return JSON.stringify({ ...row, sources: undefined, destinations: everybody });
  });
  return [...circles.values()].flatMap((circle) => {
    const [first] = circle;
    const everybody = new Set(circle.flatMap(({ sources, destinations }) => [...sources, ...destinations]));
    if (first === undefined || circle.length === 1 || circle.length !== everybody.size) return circle;
    return [{ ...first, sources: [...everybody].toSorted(compareNames), destinations: ['each other'] }];
  });
}
