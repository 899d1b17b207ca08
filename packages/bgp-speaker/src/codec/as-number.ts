/** RFC 6793: stands in the 2-octet field for an AS number that does not fit. */
export const AS_TRANS = 23_456;

/** The AS number as a peer without 4-octet AS numbers sees it. */
export function twoOctetAsNumber(asNumber: number): number {
  return asNumber > 0xffff ? AS_TRANS : asNumber;
}
