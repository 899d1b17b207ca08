import { twoOctetAsNumber } from '../as-number.ts';
import { concatOctets, readUint16, readUint32, writeUint16, writeUint32 } from '../octets.ts';
import type { AsPathSegment, AsPathSegmentType } from './path-attributes.ts';

/** Segment types of the wire: RFC 4271 section 4.3, RFC 5065 section 3. */
const SEGMENT_TYPES: Readonly<Record<number, AsPathSegmentType>> = {
  1: 'set',
  2: 'sequence',
  3: 'confed-sequence',
  4: 'confed-set',
};
const SEGMENT_CODES = { set: 1, sequence: 2, 'confed-sequence': 3, 'confed-set': 4 } as const;
const MAX_SEGMENT_LENGTH = 255;

export type AsPathResult =
  | { readonly ok: true; readonly segments: readonly AsPathSegment[] }
  | { readonly ok: false; readonly reason: string };

/**
 * Reads AS_PATH or AS4_PATH (RFC 4271 section 4.3, RFC 6793), `asOctets` (2 or 4) for each AS number:
 *
 * ```
 * +----------+-------------+------------------+
 * | Type (1) | Count (1)   | AS numbers …     |   repeated
 * +----------+-------------+------------------+
 * ```
 *
 * Neighbouring sequences are joined: a sender splits what is over 255. Malformed (RFC 7606 section 7.2): an unknown segment type, an empty segment, a segment that ends after the attribute.
 */
export function decodeAsPath(octets: Uint8Array, start: number, end: number, asOctets: 2 | 4): AsPathResult {
  const segments: AsPathSegment[] = [];
  let at = start;
  while (at < end) {
    const code = octets[at] ?? 0;
    const count = octets[at + 1] ?? 0;
    const next = at + 2 + count * asOctets;
    const type = SEGMENT_TYPES[code];
    if (type === undefined) return { ok: false, reason: `segment type ${code} is unknown` };
    if (at + 2 > end || next > end)
      return { ok: false, reason: `a segment of ${count} AS numbers ends after the attribute` };
    if (count === 0) return { ok: false, reason: 'a segment is empty' };
    const asNumbers: number[] = [];
    for (let offset = at + 2; offset < next; offset += asOctets) {
      asNumbers.push(asOctets === 4 ? readUint32(octets, offset) : readUint16(octets, offset));
    }
    segments.push({ type, asNumbers });
    at = next;
  }
  return { ok: true, segments: joinSequences(segments) };
}

/** Octets of the attribute's value. With two octets for each AS number, a large one becomes AS_TRANS. */
export function encodeAsPath(segments: readonly AsPathSegment[], asOctets: 2 | 4): Uint8Array {
  return concatOctets(segments.flatMap(splitLongSegment).map((segment) => encodeSegment(segment, asOctets)));
}

function splitLongSegment(segment: AsPathSegment): AsPathSegment[] {
  const parts: AsPathSegment[] = [];
  for (let at = 0; at < segment.asNumbers.length; at += MAX_SEGMENT_LENGTH) {
    parts.push({ type: segment.type, asNumbers: segment.asNumbers.slice(at, at + MAX_SEGMENT_LENGTH) });
  }
  return parts;
}

function encodeSegment({ type, asNumbers }: AsPathSegment, asOctets: 2 | 4): Uint8Array {
  const octets = new Uint8Array(2 + asNumbers.length * asOctets);
  octets[0] = SEGMENT_CODES[type];
  octets[1] = asNumbers.length;
  for (const [index, asNumber] of asNumbers.entries()) {
    const at = 2 + index * asOctets;
    if (asOctets === 4) writeUint32(octets, at, asNumber);
    else writeUint16(octets, at, twoOctetAsNumber(asNumber));
  }
  return octets;
}

/** True if a 2-octet AS_PATH loses something of the path, so that AS4_PATH must go along (RFC 6793 section 4.2.2). */
export function needsAs4Path(segments: readonly AsPathSegment[]): boolean {
  return segments.some(({ asNumbers }) => asNumbers.some((asNumber) => asNumber > 0xffff));
}

/** The path without confederation segments: AS4_PATH has none (RFC 6793 sections 3 and 6). */
export function withoutConfederation(segments: readonly AsPathSegment[]): AsPathSegment[] {
  return segments.filter(({ type }) => type === 'sequence' || type === 'set');
}

/** Length for route selection: a set counts 1 (RFC 4271 9.1.2.2 a), confederation segments 0 (RFC 5065 section 5.3). */
export function asPathLength(segments: readonly AsPathSegment[]): number {
  let length = 0;
  for (const { type, asNumbers } of segments) {
    if (type === 'sequence') length += asNumbers.length;
    else if (type === 'set') length += 1;
  }
  return length;
}

/** True if the AS number is anywhere in the path. */
export function asPathContains(segments: readonly AsPathSegment[], asNumber: number): boolean {
  return segments.some(({ asNumbers }) => asNumbers.includes(asNumber));
}

/** The nearest AS: the first of the path if that is in a sequence. */
export function firstAs(segments: readonly AsPathSegment[]): number | undefined {
  const [segment] = segments;
  return segment?.type === 'sequence' ? segment.asNumbers[0] : undefined;
}

/** The path as a speaker passes it on to an eBGP peer: its own AS number in front, once or more (RFC 4271 5.1.2). */
export function prependAs(segments: readonly AsPathSegment[], asNumber: number, count = 1): readonly AsPathSegment[] {
  const own = new Array<number>(count).fill(asNumber);
  const [first, ...rest] = segments;
  if (first?.type === 'sequence') return [{ type: 'sequence', asNumbers: [...own, ...first.asNumbers] }, ...rest];
  return [{ type: 'sequence', asNumbers: own }, ...segments];
}

/**
 * The real path behind a 2-octet AS_PATH and its AS4_PATH (RFC 6793 section 4.2.3): as many leading AS numbers of
 * AS_PATH as it is longer, then AS4_PATH. If AS_PATH is the shorter one, AS4_PATH is stale and is ignored.
 */
export function mergeAs4Path(
  asPath: readonly AsPathSegment[],
  as4Path: readonly AsPathSegment[],
): readonly AsPathSegment[] {
  const kept = withoutConfederation(as4Path);
  let surplus = asPathLength(asPath) - asPathLength(kept);
  if (surplus < 0 || kept.length === 0) return asPath;
  const leading: AsPathSegment[] = [];
  for (const segment of asPath) {
    const counted = segment.type === 'sequence' ? segment.asNumbers.length : segment.type === 'set' ? 1 : 0;
    // Confederation segments ahead of, or next to, what is taken stay where they are.
    if (surplus === 0 && counted > 0) break;
    const taken = Math.min(counted, surplus);
    leading.push(counted > taken ? { type: segment.type, asNumbers: segment.asNumbers.slice(0, taken) } : segment);
    surplus -= taken;
  }
  return joinSequences([...leading, ...kept]);
}

/** Neighbouring sequences as one, so that equal paths have one form. */
export function joinSequences(segments: readonly AsPathSegment[]): readonly AsPathSegment[] {
  if (segments.length < 2) return segments;
  const joined: AsPathSegment[] = [];
  for (const segment of segments) {
    const last = joined.at(-1);
    if (last?.type === segment.type && (segment.type === 'sequence' || segment.type === 'confed-sequence')) {
      joined[joined.length - 1] = { type: last.type, asNumbers: [...last.asNumbers, ...segment.asNumbers] };
    } else {
      joined.push(segment);
    }
  }
  return joined;
}

const BRACKETS: Readonly<Record<AsPathSegmentType, readonly [string, string, string]>> = {
  sequence: ['', ' ', ''],
  set: ['{', ',', '}'],
  'confed-sequence': ['(', ' ', ')'],
  'confed-set': ['[', ',', ']'],
};

/** For people: `65001 65002 {65010,65011}`, confederation segments in `(…)` and `[…]`; empty for a local route. */
export function formatAsPath(segments: readonly AsPathSegment[]): string {
  return segments
    .map(({ type, asNumbers }) => {
      const [open, separator, close] = BRACKETS[type];
      return `${open}${asNumbers.join(separator)}${close}`;
    })
    .join(' ');
}
