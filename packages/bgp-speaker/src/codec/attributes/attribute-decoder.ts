import type { BgpFamily } from '@slash32/shared';
import type { CodecContext } from '../codec-context.ts';
import type { UpdateError, UpdateErrorAction } from '../messages/decoded-update.ts';
import { ERROR_CODE, UPDATE_ERROR } from '../messages/notification.ts';
import { readUint16 } from '../octets.ts';
import {
  ATTRIBUTE_CATEGORY,
  ATTRIBUTE_FLAG,
  type AttributeDefinition,
  type AttributeDraft,
} from './attribute-definition.ts';
import { attributeDefinition } from './attribute-table.ts';
import { mpReachNlri, mpUnreachNlri } from './mp-attributes.ts';

/** Longest data of a NOTIFICATION about an attribute: what fits a message of 4,096 octets. */
const MAX_NOTIFICATION_DATA = 4096 - 21;

/** One attribute as it lies in the message. */
interface RawAttribute {
  readonly typeCode: number;
  readonly flags: number;
  /** Offset of the flags octet. */
  readonly offset: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

export interface DecodedAttributes {
  readonly draft: AttributeDraft;
  readonly errors: readonly UpdateError[];
  /** Type codes in the order of the message, each once. */
  readonly seen: readonly number[];
}

/**
 * Reads path attributes (RFC 4271 section 4.3) from `start` to `end` and deals with errors as RFC 7606 says.
 *
 * ```
 * +-----------+----------+------------------------------+---------+
 * | Flags (1) | Type (1) | Length (1; 2 with flag 0x10) | Value   |   repeated
 * +-----------+----------+------------------------------+---------+
 * ```
 */
export function decodeAttributes(
  octets: Uint8Array,
  start: number,
  end: number,
  context: CodecContext,
): DecodedAttributes {
  const draft: AttributeDraft = { attributes: {}, unknown: [] };
  const errors: UpdateError[] = [];
  const seen: number[] = [];
  let at = start;
  while (at < end) {
    const raw = readRawAttribute(octets, at, end);
    if (raw === undefined || raw.valueEnd > end) {
      errors.push(overrun(octets, at, end, raw));
      break;
    }
    at = raw.valueEnd;
    const error = seen.includes(raw.typeCode) ? repeated(octets, raw) : decodeAttribute(draft, octets, raw, context);
    if (error !== undefined) errors.push(error);
    if (!seen.includes(raw.typeCode)) seen.push(raw.typeCode);
  }
  if (draft.unknown.length > 0) {
    draft.attributes.unknown = draft.unknown.sort((left, right) => left.typeCode - right.typeCode);
  }
  return { draft, errors, seen };
}

function readRawAttribute(octets: Uint8Array, offset: number, end: number): RawAttribute | undefined {
  const flags = octets[offset] ?? 0;
  const extended = (flags & ATTRIBUTE_FLAG.extendedLength) !== 0;
  const valueStart = offset + (extended ? 4 : 3);
  if (valueStart > end) return undefined;
  const length = extended ? readUint16(octets, offset + 2) : (octets[offset + 2] ?? 0);
  return { typeCode: octets[offset + 1] ?? 0, flags, offset, valueStart, valueEnd: valueStart + length };
}

/**
 * RFC 7606 section 4: the attributes end before this one does. The NLRI field can still be found, so its routes are
 * withdrawn; not so if the NLRI are in the very attribute that is cut off.
 */
function overrun(octets: Uint8Array, offset: number, end: number, raw: RawAttribute | undefined): UpdateError {
  const typeCode = raw?.typeCode ?? (offset + 1 < end ? octets[offset + 1] : undefined);
  const hidesNlri = typeCode === mpReachNlri.typeCode || typeCode === mpUnreachNlri.typeCode;
  return {
    action: hidesNlri ? 'session-reset' : 'treat-as-withdraw',
    attribute: typeCode === undefined ? 'UPDATE' : attributeName(typeCode),
    reason: 'an attribute ends after Total Path Attribute Length',
    notification: {
      code: ERROR_CODE.updateMessage,
      subcode: hidesNlri ? UPDATE_ERROR.optionalAttributeError : UPDATE_ERROR.malformedAttributeList,
      data: new Uint8Array(0),
    },
  };
}

/** RFC 7606 section 3 g. */
function repeated(octets: Uint8Array, raw: RawAttribute): UpdateError {
  const carriesNlri = raw.typeCode === mpReachNlri.typeCode || raw.typeCode === mpUnreachNlri.typeCode;
  return attributeError(octets, raw, {
    action: carriesNlri ? 'session-reset' : 'attribute-discard',
    subcode: UPDATE_ERROR.malformedAttributeList,
    reason: 'appears more than once',
  });
}

function decodeAttribute(
  draft: AttributeDraft,
  octets: Uint8Array,
  raw: RawAttribute,
  context: CodecContext,
): UpdateError | undefined {
  const definition = attributeDefinition(raw.typeCode);
  if (definition === undefined) return keepUnknown(draft, octets, raw);
  if (definition.exchangedWith === 'ibgp' && context.peerType === 'ebgp') {
    return attributeError(octets, raw, {
      action: 'attribute-discard',
      subcode: UPDATE_ERROR.malformedAttributeList,
      reason: 'is not for eBGP peers',
    });
  }
  const flagsError = checkFlags(octets, raw, definition);
  const carriesNlri = definition === mpReachNlri || definition === mpUnreachNlri;
  // The NLRI of a wrongly flagged MP_REACH_NLRI are still needed, to be withdrawn.
  if (flagsError !== undefined && !carriesNlri) return flagsError;
  return decodeValue(draft, octets, raw, definition, context) ?? flagsError;
}

/** RFC 7606 section 3 c: the Optional and Transitive bits; any other bit is not looked at. */
function checkFlags(octets: Uint8Array, raw: RawAttribute, definition: AttributeDefinition): UpdateError | undefined {
  const bits = raw.flags & (ATTRIBUTE_FLAG.optional | ATTRIBUTE_FLAG.transitive);
  if (bits === ATTRIBUTE_CATEGORY[definition.category]) return undefined;
  return attributeError(octets, raw, {
    action: definition.onFlagsError ?? 'treat-as-withdraw',
    subcode: UPDATE_ERROR.attributeFlagsError,
    reason: `has flags 0x${raw.flags.toString(16)}, but is ${definition.category}`,
  });
}

function decodeValue(
  draft: AttributeDraft,
  octets: Uint8Array,
  raw: RawAttribute,
  definition: AttributeDefinition,
  context: CodecContext,
): UpdateError | undefined {
  const lengthFault = definition.length(raw.valueEnd - raw.valueStart, context);
  if (lengthFault !== undefined) {
    return attributeError(octets, raw, {
      action: definition.onError[context.peerType],
      subcode: UPDATE_ERROR.attributeLengthError,
      reason: lengthFault,
    });
  }
  const fault = definition.decode(draft, octets, raw.valueStart, raw.valueEnd, context);
  if (fault === undefined) return undefined;
  return attributeError(octets, raw, {
    action: fault.action ?? definition.onError[context.peerType],
    subcode: definition.valueSubcode,
    reason: fault.reason,
    family: fault.family,
  });
}

/** RFC 4271 sections 5 and 6.3: a well-known one must be known; an optional one is kept if it is transitive. */
function keepUnknown(draft: AttributeDraft, octets: Uint8Array, raw: RawAttribute): UpdateError | undefined {
  if ((raw.flags & ATTRIBUTE_FLAG.optional) === 0) {
    return attributeError(octets, raw, {
      action: 'session-reset',
      subcode: UPDATE_ERROR.unrecognizedWellKnownAttribute,
      reason: 'is flagged well-known, but unknown',
    });
  }
  if ((raw.flags & ATTRIBUTE_FLAG.transitive) !== 0) {
    const flags = raw.flags & (ATTRIBUTE_FLAG.optional | ATTRIBUTE_FLAG.transitive | ATTRIBUTE_FLAG.partial);
    // A copy: the message is a view of the receive buffer.
    draft.unknown.push({ typeCode: raw.typeCode, flags, value: octets.slice(raw.valueStart, raw.valueEnd) });
  }
  return undefined;
}

function attributeError(
  octets: Uint8Array,
  raw: RawAttribute,
  error: { action: UpdateErrorAction; subcode: number; reason: string; family?: BgpFamily | undefined },
): UpdateError {
  // RFC 4271 section 6.3: the data of most errors is the attribute, but a malformed AS_PATH or list has none.
  const withoutData =
    error.subcode === UPDATE_ERROR.malformedAttributeList || error.subcode === UPDATE_ERROR.malformedAsPath;
  const dataEnd = Math.min(raw.valueEnd, raw.offset + MAX_NOTIFICATION_DATA);
  return {
    action: error.action,
    attribute: attributeName(raw.typeCode),
    reason: error.reason,
    ...(error.family === undefined ? {} : { family: error.family }),
    notification: {
      code: ERROR_CODE.updateMessage,
      subcode: error.subcode,
      data: withoutData ? new Uint8Array(0) : octets.slice(raw.offset, dataEnd),
    },
  };
}

/** Name of a type code; `attribute 99` for an unknown one. */
export function attributeName(typeCode: number): string {
  return attributeDefinition(typeCode)?.name ?? `attribute ${typeCode}`;
}
