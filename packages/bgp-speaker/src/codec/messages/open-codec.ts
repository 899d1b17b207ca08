import { FabricError } from '@slash32/shared';
import { dottedQuadOctets, readDottedQuad } from '../address-octets.ts';
import type { Capability } from '../capabilities/capability.ts';
import { CAPABILITY_CODE, decodeCapability, encodeCapability } from '../capabilities/capability-codec.ts';
import { openAsNumber } from '../capabilities/negotiation.ts';
import { MAX_MESSAGE_LENGTH } from '../codec-context.ts';
import { type DecodeFailure, type DecodeResult, decoded, refused } from '../decode-result.ts';
import { concatOctets, readUint16, writeUint16 } from '../octets.ts';
import { HEADER_LENGTH, writeHeader } from './header.ts';
import { MESSAGE_TYPE } from './message.ts';
import { ERROR_CODE, OPEN_ERROR } from './notification.ts';
import type { OpenMessage } from './open.ts';

/** The BGP version that this speaker knows. */
export const BGP_VERSION = 4;

const OPTIONAL_PARAMETER_CAPABILITIES = 2;
/** As type and as length: the extended encoding follows (RFC 9072 section 2). */
const EXTENDED_PARAMETERS = 255;
const FIXED_LENGTH = HEADER_LENGTH + 10;

/**
 * Reads an OPEN (RFC 4271 section 4.2) and checks what needs no configuration (section 6.2).
 *
 * ```
 * +---------+--------+-----------+----------------+------------------+---------------------+
 * | Version | My AS  | Hold Time | BGP Identifier | Opt Parm Len (1) | Optional Parameters |
 * | (1)     | (2)    | (2)       | (4)            |                  | type, length, value |
 * +---------+--------+-----------+----------------+------------------+---------------------+
 * ```
 *
 * RFC 9072: if the length is 255 (a sender need not mean it) and 255 follows it as type, then a length of two octets
 * follows, and each parameter has a length of two octets as well.
 */
export function decodeOpen(octets: Uint8Array): DecodeResult<OpenMessage> {
  const version = octets[HEADER_LENGTH] ?? 0;
  if (version !== BGP_VERSION) {
    return openFailure(
      OPEN_ERROR.unsupportedVersionNumber,
      `version ${version} is not 4`,
      Uint8Array.of(0, BGP_VERSION),
    );
  }
  const capabilities: Capability[] = [];
  const failure = decodeParameters(octets, capabilities);
  if (failure !== undefined) return failure;
  const open: OpenMessage = {
    version,
    myAs: readUint16(octets, HEADER_LENGTH + 1),
    holdTimeSeconds: readUint16(octets, HEADER_LENGTH + 3),
    routerId: readDottedQuad(octets, HEADER_LENGTH + 5),
    capabilities,
  };
  return checkFixedFields(open) ?? decoded(open);
}

function checkFixedFields(open: OpenMessage): DecodeFailure | undefined {
  if (open.myAs === 0 || openAsNumber(open) === 0) {
    return openFailure(OPEN_ERROR.badPeerAs, 'AS number 0 is reserved (RFC 7607)');
  }
  if (open.holdTimeSeconds === 1 || open.holdTimeSeconds === 2) {
    return openFailure(
      OPEN_ERROR.unacceptableHoldTime,
      `hold time of ${open.holdTimeSeconds} s: must be 0 or at least 3`,
    );
  }
  // RFC 6286 section 2.1: any identifier but zero.
  if (open.routerId === '0.0.0.0') return openFailure(OPEN_ERROR.badBgpIdentifier, 'BGP Identifier is 0.0.0.0');
  return undefined;
}

function decodeParameters(octets: Uint8Array, capabilities: Capability[]): DecodeFailure | undefined {
  const shortLength = octets[FIXED_LENGTH - 1] ?? 0;
  const extended = shortLength !== 0 && octets[FIXED_LENGTH] === EXTENDED_PARAMETERS && octets.length > FIXED_LENGTH;
  if (extended && octets.length < FIXED_LENGTH + 3) {
    return openFailure(OPEN_ERROR.unspecific, 'the extended length of the optional parameters is cut off');
  }
  const start = extended ? FIXED_LENGTH + 3 : FIXED_LENGTH;
  const length = extended ? readUint16(octets, FIXED_LENGTH + 1) : shortLength;
  if (start + length !== octets.length) {
    return openFailure(
      OPEN_ERROR.unspecific,
      `optional parameters of ${length} octets do not fill the message: ${octets.length - start} octets are left for them`,
    );
  }
  const headLength = extended ? 3 : 2;
  let at = start;
  while (at < octets.length) {
    const type = octets[at] ?? 0;
    const valueStart = at + headLength;
    const valueEnd = valueStart + (extended ? readUint16(octets, at + 1) : (octets[at + 1] ?? 0));
    if (valueStart > octets.length || valueEnd > octets.length) {
      return openFailure(OPEN_ERROR.unspecific, `optional parameter ${type} ends after the message`);
    }
    if (type !== OPTIONAL_PARAMETER_CAPABILITIES) {
      return openFailure(OPEN_ERROR.unsupportedOptionalParameter, `optional parameter ${type} is unknown`);
    }
    const failure = decodeCapabilities(octets.subarray(valueStart, valueEnd), capabilities);
    if (failure !== undefined) return failure;
    at = valueEnd;
  }
  return undefined;
}

function decodeCapabilities(octets: Uint8Array, capabilities: Capability[]): DecodeFailure | undefined {
  let at = 0;
  while (at < octets.length) {
    const code = octets[at] ?? 0;
    const end = at + 2 + (octets[at + 1] ?? 0);
    if (at + 2 > octets.length || end > octets.length) {
      return openFailure(OPEN_ERROR.unspecific, `capability ${code} ends after its optional parameter`);
    }
    const capability = decodeCapability(code, octets.subarray(at + 2, end));
    if (code === CAPABILITY_CODE['four-octet-as'] && capability.kind === 'unknown') {
      return openFailure(OPEN_ERROR.unspecific, `4-octet AS capability has ${end - at - 2} octets, not 4 (RFC 6793)`);
    }
    capabilities.push(capability);
    at = end;
  }
  return undefined;
}

function openFailure(subcode: number, reason: string, data: Uint8Array = new Uint8Array(0)): DecodeFailure {
  return refused({ code: ERROR_CODE.openMessage, subcode, data }, reason);
}

/**
 * A whole OPEN. All capabilities go into one optional parameter; over 255 octets of them, in the extended encoding.
 * Errors (`FabricError`): `bgp.encode.capability`, `bgp.encode.address`, `bgp.encode.message-too-long`.
 */
export function encodeOpen(open: OpenMessage): Uint8Array {
  const capabilities = concatOctets(open.capabilities.map(encodeCapability));
  const parameters = encodeParameters(capabilities);
  const octets = new Uint8Array(FIXED_LENGTH - 1 + parameters.length);
  if (octets.length > MAX_MESSAGE_LENGTH) {
    throw new FabricError(
      'bgp.encode.message-too-long',
      `an OPEN with ${capabilities.length} octets of capabilities exceeds ${MAX_MESSAGE_LENGTH}; offer fewer`,
    );
  }
  writeHeader(octets, MESSAGE_TYPE.open);
  octets[HEADER_LENGTH] = open.version;
  writeUint16(octets, HEADER_LENGTH + 1, open.myAs);
  writeUint16(octets, HEADER_LENGTH + 3, open.holdTimeSeconds);
  octets.set(dottedQuadOctets(open.routerId, 'OPEN BGP Identifier'), HEADER_LENGTH + 5);
  octets.set(parameters, FIXED_LENGTH - 1);
  return octets;
}

/** The length field and the parameters. */
function encodeParameters(capabilities: Uint8Array): Uint8Array {
  if (capabilities.length === 0) return Uint8Array.of(0);
  const length = capabilities.length;
  if (length + 2 <= 0xff) {
    return concatOctets([Uint8Array.of(length + 2, OPTIONAL_PARAMETER_CAPABILITIES, length), capabilities]);
  }
  const all = length + 3;
  return concatOctets([
    Uint8Array.of(EXTENDED_PARAMETERS, EXTENDED_PARAMETERS, all >>> 8, all),
    Uint8Array.of(OPTIONAL_PARAMETER_CAPABILITIES, length >>> 8, length),
    capabilities,
  ]);
}
