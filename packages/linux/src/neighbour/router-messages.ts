/** ff02::2. */
export const ALL_ROUTERS = 'ff02::2';
/** ff02::1. */
export const ALL_NODES = 'ff02::1';

const ROUTER_SOLICITATION = 133;
const ROUTER_ADVERTISEMENT = 134;

/** RFC 4861 4.1: type, code, checksum (2, which the kernel fills in), reserved (4). */
export function routerSolicitation(): Uint8Array {
  return Uint8Array.of(ROUTER_SOLICITATION, 0, 0, 0, 0, 0, 0, 0);
}

/**
 * Of a router that nobody shall use as a default router, and that leaves all parameters of the link alone (RFC 4861 4.2):
 *
 * ```
 *  0      1      2          4           5       6          8                12              16
 * +------+------+----------+-----------+-------+----------+----------------+---------------+
 * | 134  |  0   | checksum | hop limit | flags | lifetime | reachable time | retrans timer |
 * +------+------+----------+-----------+-------+----------+----------------+---------------+
 * ```
 */
export function routerAdvertisement(): Uint8Array {
  const octets = new Uint8Array(16);
  octets[0] = ROUTER_ADVERTISEMENT;
  return octets;
}
