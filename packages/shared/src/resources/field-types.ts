import { z } from 'zod';
import { formatIpAddress, isRoutableUnicast, tryParseIpAddress } from '../address/ip-address.ts';
import { formatIpPrefix, tryParseIpPrefix } from '../address/ip-prefix.ts';
import { isGroupOrNullMac, tryParseMacAddress } from '../address/mac-address.ts';
import { trySelector } from '../selectors/parse-selector.ts';
import { formatSelector } from '../selectors/selector.ts';

/** Field types that several kinds share. Each normalises to canonical text, and its message says what to write. */

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export const dnsLabel = z
  .string()
  .regex(DNS_LABEL, 'must be a DNS label: 1–63 of a–z, 0–9 and "-", starting and ending with a letter or digit');

/** Canonical address text. */
export const ipAddressField = z.string().transform((text, context) => {
  const address = tryParseIpAddress(text);
  if (address !== undefined) return formatIpAddress(address);
  context.addIssue(`"${text}" is not an IP address; write it like 192.0.2.1 or 2001:db8::1`);
  return z.NEVER;
});

/** A host's or instance's own address: one that a route to it makes sense for. */
export const unicastAddressField = ipAddressField.superRefine((text, context) => {
  const address = tryParseIpAddress(text);
  if (address !== undefined && isRoutableUnicast(address)) return;
  context.addIssue(`cannot be ${text}: it is not a unicast address that can be routed`);
});

export const ipv4AddressField = ipAddressField.refine((text) => !text.includes(':'), 'must be an IPv4 address');
export const ipv6AddressField = ipAddressField.refine((text) => text.includes(':'), 'must be an IPv6 address');

/** Canonical prefix text, length always written, host bits cleared (as Neutron does). */
export const prefixField = z.string().transform((text, context) => {
  const prefix = tryParseIpPrefix(text);
  if (prefix !== undefined) return formatIpPrefix(prefix);
  context.addIssue(`"${text}" is not a prefix; write it like 192.0.2.0/24 or 2001:db8::/32`);
  return z.NEVER;
});

/** Canonical unicast MAC address. */
export const macField = z.string().transform((text, context) => {
  const mac = tryParseMacAddress(text);
  if (mac === undefined) context.addIssue(`"${text}" is not a MAC address; write it like 52:54:00:00:00:01`);
  else if (isGroupOrNullMac(mac))
    context.addIssue(`"${text}" cannot be an instance's MAC address: it is a group or null address`);
  else return mac;
  return z.NEVER;
});

/** A Linux interface name: 1–15 octets without "/", white space, quote, or nft's wildcard. */
export const interfaceNameField = z
  .string()
  .regex(/^[A-Za-z0-9_.@-]{1,15}$/, 'must be a Linux interface name: 1–15 letters, digits, "_", ".", "@" or "-"')
  .refine((name) => name !== '.' && name !== '..', 'cannot be "." or ".."');

/** `NAME` in the same namespace, or `NAMESPACE/NAME`. */
export const groupReferenceField = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\/[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?$/,
    'must be NAME or NAMESPACE/NAME',
  );

/** 1–4294967294, without AS_TRANS (23456, RFC 6793) and the reserved last 16-bit number (RFC 7300). */
export const asNumberField = z
  .int('must be a whole number')
  .min(1, 'must be at least 1: AS 0 is reserved (RFC 7607)')
  .max(4_294_967_294, 'must be at most 4294967294 (RFC 7300)')
  .refine((asNumber) => asNumber !== 23_456 && asNumber !== 65_535, 'is reserved (RFC 6793, RFC 7300); choose another');

export const labelsField = z.record(
  z
    .string()
    .regex(/^[A-Za-z0-9]([A-Za-z0-9_./-]{0,61}[A-Za-z0-9])?$/, 'label names: letters, digits, "_", ".", "/", "-"'),
  z.string().max(63, 'label values have at most 63 characters'),
);

/** A label selector as text; see selectors/parse-selector.ts for the language. Normalised to one spelling. */
export const selectorField = z.string().transform((text, context) => {
  const outcome = trySelector(text);
  if ('selector' in outcome) return formatSelector(outcome.selector);
  context.addIssue(outcome.problem);
  return z.NEVER;
});

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** An RFC 3339 time; canonical: UTC with milliseconds, so that texts sort as the times do. Finer digits are dropped. */
export const timestampField = z
  .string()
  .meta({ format: 'date-time' })
  .transform((text, context) => {
    const canonical = RFC_3339.test(text) ? canonicalTime(text) : undefined;
    if (canonical !== undefined) return canonical;
    context.addIssue(`"${text}" is not an RFC 3339 time; write it like 2026-01-31T12:00:00.000Z`);
    return z.NEVER;
  });

/** `undefined` for a day that its month does not have, and for what leaves the years 0–9999 in UTC. */
function canonicalTime(text: string): string | undefined {
  const [date = '', time = ''] = [text.slice(0, 10), text.slice(10)];
  const midnightMs = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(midnightMs) || !new Date(midnightMs).toISOString().startsWith(date)) return undefined;
  const momentMs = Date.parse(`${date}${time}`);
  if (Number.isNaN(momentMs)) return undefined;
  const canonical = new Date(momentMs).toISOString();
  return canonical.length === CANONICAL_LENGTH ? canonical : undefined;
}

const CANONICAL_LENGTH = '2026-01-31T12:00:00.000Z'.length;

const creationTimestamp = timestampField
  .optional()
  .describe('when it was created; written by `apply`. Of two that claim one address, the older keeps it');

export const clusterMetadata = z.strictObject({ name: dnsLabel, labels: labelsField.default({}), creationTimestamp });
export const namespacedMetadata = z.strictObject({
  name: dnsLabel,
  namespace: dnsLabel.default('default'),
  labels: labelsField.default({}),
  creationTimestamp,
});

export const apiVersionField = z.literal('slash32.dev/v1', 'must be slash32.dev/v1');
/** Written by agents, read by people; carried, never interpreted. */
export const statusField = z.record(z.string(), z.unknown()).optional();
