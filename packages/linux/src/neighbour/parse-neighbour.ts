import { tryParseIpAddress } from '@slash32/shared';
import type { PermanentNeighbour } from './neighbour-table.ts';

interface JsonNeighbour {
  readonly dst?: string;
  readonly dev?: string;
  readonly lladdr?: string;
  readonly state?: readonly string[];
}

/** Reads what `ip -j neigh show nud permanent` printed. */
export function parseNeighbourListing(json: string): readonly PermanentNeighbour[] {
  if (json.trim() === '') return [];
  return (JSON.parse(json) as readonly JsonNeighbour[]).flatMap(({ dst, dev, lladdr, state }) => {
    if (dst === undefined || dev === undefined || lladdr === undefined) return [];
    return state?.includes('PERMANENT') === true ? [{ device: dev, address: dst, mac: lladdr }] : [];
  });
}

export interface NeighbourRecord {
  readonly device: string;
  readonly address: string;
  /** Absent if the entry has none, as one that failed. */
  readonly mac?: string;
  readonly permanent: boolean;
}

/**
 * Reads one record of `ip -oneline monitor neigh`: `10.0.0.1 dev v0 lladdr 52:54:00:00:00:01 PERMANENT`. `undefined`:
 * no entry of ours can be meant (proxy entries, forwarding entries of bridges).
 */
export function parseNeighbourRecord(text: string): NeighbourRecord | undefined {
  const words = text.trim().split(/\s+/);
  const [address, dev, device] = words;
  if (address === undefined || dev !== 'dev' || device === undefined || words.includes('proxy')) return undefined;
  if (tryParseIpAddress(address) === undefined) return undefined;
  const at = words.indexOf('lladdr');
  const mac = at < 0 ? undefined : words[at + 1];
  return { device, address, ...(mac === undefined ? {} : { mac }), permanent: words.includes('PERMANENT') };
}
