import { formatIpAddress, type NftElementCounter, tryParseIpAddress } from '@slash32/shared';
import { elementComment } from './element-comment.ts';

type Fields = Readonly<Record<string, unknown>>;

/** NFPROTO_IPV4 and NFPROTO_IPV6. */
const FAMILIES: Readonly<Record<string, string>> = { 2: 'ipv4', 10: 'ipv6' };

/**
 * Reads one element of `nft -jnn`'s listing as key and data (in a set '' or a comment), in the canonical spelling of
 * nft-model. `type` and `dataType` as in NftSet: only they tell an interface name (quoted) from other words.
 */
export function parseElement(element: unknown, type: string, dataType: string | undefined): readonly [string, string] {
  if (dataType === undefined) return [readKey(element, type), readComment(element)];
  const [key, data] = Array.isArray(element) ? element : [element, null];
  return [readKey(key, type), dataType === 'verdict' ? readVerdict(data) : readValue(data, dataType.split(' . '))];
}

/** Key and counter of an element of a set of this type; `undefined`: it has no counter. */
export function parseElementCounter(element: unknown, type: string): readonly [string, NftElementCounter] | undefined {
  const counter = wrapping(element)?.counter;
  if (!isFields(counter)) return undefined;
  return [readKey(element, type), { packets: Number(counter.packets), octets: Number(counter.bytes) }];
}

/** Elements that carry more than a key (comment, counter, timeout) are wrapped. */
function wrapping(element: unknown): Fields | undefined {
  const wrapped = isFields(element) ? element.elem : undefined;
  return isFields(wrapped) ? wrapped : undefined;
}

function readKey(key: unknown, type: string): string {
  const wrapped = wrapping(key);
  return readValue(wrapped === undefined ? key : wrapped.val, type.split(' . '));
}

function readComment(element: unknown): string {
  const comment = wrapping(element)?.comment;
  return typeof comment === 'string' ? elementComment(comment) : '';
}

function readValue(value: unknown, types: readonly string[]): string {
  if (isFields(value) && Array.isArray(value.concat)) {
    return value.concat.map((part, at) => readScalar(part, types[at] ?? '')).join(' . ');
  }
  return readScalar(value, types[0] ?? '');
}

function readScalar(value: unknown, type: string): string {
  if (isFields(value)) {
    if (Array.isArray(value.range)) return value.range.map((end) => readScalar(end, type)).join('-');
    if (isFields(value.prefix)) return `${readScalar(value.prefix.addr, type)}/${String(value.prefix.len)}`;
    // What we never write: compared as it is, it equals nothing of ours.
    return JSON.stringify(value);
  }
  const text = String(value);
  if (type === 'ifname') return `"${text}"`;
  if (type === 'nf_proto') return FAMILIES[text] ?? text;
  return type === 'ipv6_addr' ? canonicalAddress(text) : text;
}

/** inet_ntop writes some IPv6 addresses with a dotted quad. */
function canonicalAddress(text: string): string {
  const address = text.includes('.') ? tryParseIpAddress(text) : undefined;
  return address === undefined ? text : formatIpAddress(address);
}

/** `{"goto": {"target": "c"}}` or `{"accept": null}`. */
function readVerdict(data: unknown): string {
  const [entry] = isFields(data) ? Object.entries(data) : [];
  if (entry === undefined) return JSON.stringify(data);
  const [verdict, argument] = entry;
  return isFields(argument) ? `${verdict} ${String(argument.target)}` : verdict;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
