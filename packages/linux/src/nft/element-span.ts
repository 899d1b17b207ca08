import { ADDRESS_BITS, lastAddress, tryParseIpAddress, tryParseIpPrefix } from '@slash32/shared';

interface Span {
  readonly first: bigint;
  readonly last: bigint;
}

/** The values that one element of an interval set covers, per field. */
export type ElementSpan = readonly Span[];

/** Reads a key such as `80-90 . 10.0.0.0/8`. Words that are no numbers (interface names) stand for themselves alone. */
export function elementSpan(key: string): ElementSpan {
  return key.split(' . ').map(fieldSpan);
}

/** True if the element is a single value, not a range or a prefix of several. */
export function coversOne(span: ElementSpan): boolean {
  return span.every(({ first, last }) => first === last);
}

/**
 * True if Linux refuses to add one beside the other. It refuses any overlap of plain intervals; of concatenations it
 * looks only whether the first or the last combination of the new element is in one that is there.
 */
export function spansConflict(added: ElementSpan, present: ElementSpan): boolean {
  const [only] = added;
  const [other] = present;
  if (added.length === 1 && only !== undefined && other !== undefined) {
    return only.first <= other.last && other.first <= only.last;
  }
  const includes = (at: number, value: bigint) => {
    const span = present[at];
    return span !== undefined && span.first <= value && value <= span.last;
  };
  return added.every(({ first }, at) => includes(at, first)) || added.every(({ last }, at) => includes(at, last));
}

function fieldSpan(text: string): Span {
  const prefix = /^[0-9a-f.:]+\/\d+$/.test(text) ? tryParseIpPrefix(text) : undefined;
  if (prefix !== undefined)
    return { first: ordinal(prefix.value, prefix.family), last: ordinal(lastAddress(prefix), prefix.family) };
  const [from = text, to = from] = /^"/.test(text) ? [text] : text.split('-');
  return { first: single(from), last: single(to) };
}

function single(text: string): bigint {
  if (/^\d+$/.test(text)) return BigInt(text);
  const address = tryParseIpAddress(text);
  if (address !== undefined) return ordinal(address.value, address.family);
  return BigInt(`0x${Buffer.from(text).toString('hex') || '0'}`) + WORDS;
}

/** Families and words get ranges of numbers of their own. */
const WORDS = 1n << 200n;

function ordinal(value: bigint, family: 4 | 6): bigint {
  return value + (BigInt(ADDRESS_BITS[family]) << 140n);
}
