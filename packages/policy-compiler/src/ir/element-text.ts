import { ADDRESS_BITS, formatIpAddress, formatIpPrefix, type IpPrefix } from '@slash32/shared';

/** Set element spellings, as the NftRuleset contract wants them. */

/** A prefix; the bare address if it is of full length. */
export function prefixElement(prefix: IpPrefix): string {
  return prefix.length === ADDRESS_BITS[prefix.family] ? formatIpAddress(prefix) : formatIpPrefix(prefix);
}

/** `443` or `8000-8080`. */
export function rangeElement(first: number, last: number): string {
  return first === last ? String(first) : `${first}-${last}`;
}

export function interfaceElement(name: string): string {
  return `"${name}"`;
}

export function concatenation(...parts: readonly string[]): string {
  return parts.join(' . ');
}
