import { formatIpAddress } from '@slash32/shared';
import fc from 'fast-check';

export const ipv4 = fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }).map((value) => ({ family: 4, value }) as const);
export const ipv6 = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map((value) => ({ family: 6, value }) as const);
/** Addresses with runs of zeros, which are spelled in a way of their own. */
const sparse = fc
  .array(fc.oneof(fc.constant(0n), fc.constant(0n), fc.bigInt({ min: 0n, max: 0xffffn })), {
    minLength: 8,
    maxLength: 8,
  })
  .map((groups) => ({ family: 6, value: groups.reduce((value, group) => (value << 16n) | group, 0n) }) as const);
/** Canonical text. */
export const anyAddress = fc.oneof(ipv4, ipv6, sparse).map(formatIpAddress);
