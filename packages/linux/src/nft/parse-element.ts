import { formatIpAddress, tryParseIpAddress } from '@slash32/shared';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads one element of `nft -jnn`'s listing as key and data ('' in a set), in the canonical spelling of nft-model.
 * `type` and `dataType` as in NftSet: only they tell an interface name (quoted) from other words.
 */
export function parseElement(element: unknown, type: string, dataType: string | undefined): readonly [string, string] {
  if (dataType === undefined) return [readKey(element, type), ''];
  const [key, data] = Array.isArray(element) ? element : [element, null];
  return [readKey(key, type), dataType === 'verdict' ? readVerdict(data) : readValue(data, dataType.split(' . '))];
}

/** Elements that carry more than a key (comment, counter, timeout) are wrapped. */
function readKey(key: unknown, type: string): string {
  const wrapped = isFields(key) ? key.elem : undefined;
  return readValue(isFields(wrapped) ? wrapped.val : key, type.split(' . '));
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
