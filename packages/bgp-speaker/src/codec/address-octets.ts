import { FabricError, formatIpAddress, ipAddressFromBytes, ipAddressToBytes, tryParseIpAddress } from '@slash32/shared';

/** The dotted quad at `offset`. */
export function readDottedQuad(octets: Uint8Array, offset: number): string {
  return `${octets[offset] ?? 0}.${octets[offset + 1] ?? 0}.${octets[offset + 2] ?? 0}.${octets[offset + 3] ?? 0}`;
}

/** Canonical text of the 4 or 16 octets from `start` to `end`. */
export function readAddress(octets: Uint8Array, start: number, end: number): string {
  return end - start === 4
    ? readDottedQuad(octets, start)
    : formatIpAddress(ipAddressFromBytes(octets.subarray(start, end)));
}

/** 4 or 16 octets of an address text. `FabricError` `bgp.encode.address` if it is none; `field` is for the message. */
export function addressOctets(text: string, field: string): Uint8Array {
  const address = tryParseIpAddress(text);
  if (address === undefined) {
    throw new FabricError('bgp.encode.address', `${field}: "${text}" is not an IP address; give canonical text`, {
      details: { field, text },
    });
  }
  return ipAddressToBytes(address);
}

/** The 4 octets of a dotted quad, as {@link addressOctets}. */
export function dottedQuadOctets(text: string, field: string): Uint8Array {
  const octets = addressOctets(text, field);
  if (octets.length !== 4) {
    throw new FabricError('bgp.encode.address', `${field}: "${text}" must be a dotted quad`, {
      details: { field, text },
    });
  }
  return octets;
}
