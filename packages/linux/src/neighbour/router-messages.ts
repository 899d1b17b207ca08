/** ff02::2. */
export const ALL_ROUTERS = 'ff02::2';
/** ff02::1. */
export const ALL_NODES = 'ff02::1';

const ROUTER_SOLICITATION = 133;
const ROUTER_ADVERTISEMENT = 134;
const SOURCE_LINK_LAYER_ADDRESS = 1;

/** RFC 4861 4.1: type, code, checksum (2, which the kernel fills in), reserved (4). */
export function routerSolicitation(): Uint8Array {
  return Uint8Array.of(ROUTER_SOLICITATION, 0, 0, 0, 0, 0, 0, 0);
}

/**
 * Of a router that nobody shall use as a default router, and that leaves all parameters of the link alone (RFC 4861 4.2).
 * Linux learns of a router only with its link-layer address (option 1; 6 octets):
 *
 * ```
 *  0      1      2          4           5       6          8                12              16
 * +------+------+----------+-----------+-------+----------+----------------+---------------+
 * | 134  |  0   | checksum | hop limit | flags | lifetime | reachable time | retrans timer |
 * +------+------+----------+-----------+-------+----------+----------------+---------------+
 * |  1   |  1 (× 8 octets) | link-layer address |
 * +------+-----------------+--------------------+
 * ```
 */
export function routerAdvertisement(linkLayerAddress: Uint8Array | undefined): Uint8Array {
  const octets = new Uint8Array(linkLayerAddress === undefined ? 16 : 24);
  octets[0] = ROUTER_ADVERTISEMENT;
  if (linkLayerAddress !== undefined) octets.set([SOURCE_LINK_LAYER_ADDRESS, 1, ...linkLayerAddress], 16);
  return octets;
}
