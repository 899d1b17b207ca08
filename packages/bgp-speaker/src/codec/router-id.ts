/** A BGP Identifier as an unsigned number (RFC 4271 6.8); `routerId` is a dotted quad. */
export function routerIdNumber(routerId: string): number {
  return routerId.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
}

/** The dotted quad of an identifier. */
export function routerIdText(routerId: number): string {
  return [24, 16, 8, 0].map((shift) => (routerId >>> shift) & 0xff).join('.');
}
