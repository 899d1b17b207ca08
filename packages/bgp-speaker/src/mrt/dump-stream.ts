import { setImmediate as nextTurn } from 'node:timers/promises';
import { concatOctets } from '../codec/octets.ts';
import { type DumpSources, dumpTables } from './dump-tables.ts';

/** Octets per piece: few enough that sessions hardly wait while one is made. */
const PIECE_OCTETS = 65_536;

/** A dump in pieces of whole records, base64, for `speaker.table-dump`; other work gets its turn between them. */
export async function* dumpStream(
  sources: DumpSources,
  signal: AbortSignal,
): AsyncGenerator<{ readonly octets: string; readonly prefixes: number }> {
  let records: Uint8Array[] = [];
  let length = 0;
  let prefixes = -1; // the first record is the peers'
  const piece = (): { readonly octets: string; readonly prefixes: number } => {
    const octets = Buffer.from(concatOctets(records)).toString('base64');
    records = [];
    length = 0;
    return { octets, prefixes };
  };
  for (const record of dumpTables(sources)) {
    records.push(record);
    length += record.length;
    prefixes += 1;
    if (length < PIECE_OCTETS) continue;
    yield piece();
    await nextTurn();
    if (signal.aborted) return;
  }
  if (length > 0) yield piece();
}
