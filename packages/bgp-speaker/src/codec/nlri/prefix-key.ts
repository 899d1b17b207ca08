/**
 * A prefix in the form that tables are keyed by: made once per NLRI, compared and hashed without a look inside.
 *
 * - IPv4: a number. A /32 is its address as a signed 32-bit integer, which the engine keeps unboxed; any other length
 *   is `address + 2^32 × (length + 1)`, a safe integer.
 * - IPv6: a string of 17 characters, each one octet: the length, then the address.
 *
 * Keys of the two families never collide (number against string). Bits after the length are zero: equal prefixes have
 * equal keys, whatever the sender left in the trailing bits (RFC 4271 4.3: their value is irrelevant).
 */
export type Ipv4PrefixKey = number;
export type Ipv6PrefixKey = string;
export type PrefixKey = Ipv4PrefixKey | Ipv6PrefixKey;
