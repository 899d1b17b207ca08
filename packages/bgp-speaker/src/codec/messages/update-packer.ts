import { type BgpFamily, FabricError } from '@slash32/shared';
import { addressOctets } from '../address-octets.ts';
import { ATTRIBUTE_FLAG } from '../attributes/attribute-definition.ts';
import { encodeAttributes } from '../attributes/attribute-encoder.ts';
import { mpReachNlri, mpUnreachNlri } from '../attributes/mp-attributes.ts';
import type { PathAttributes } from '../attributes/path-attributes.ts';
import { type CodecContext, MAX_MESSAGE_LENGTH, maxMessageLength } from '../codec-context.ts';
import { FAMILY_PARAMETERS } from '../family.ts';
import type { NextHop, NlriBlock, ReachableNlri } from '../nlri/nlri-block.ts';
import { maxNlriOctets, nlriOctets, writeNlri } from '../nlri/nlri-field.ts';
import { concatOctets, writeUint16 } from '../octets.ts';
import { HEADER_LENGTH, writeHeader } from './header.ts';
import { MESSAGE_TYPE } from './message.ts';

const NO_OCTETS = new Uint8Array(0);

/**
 * An UPDATE around its NLRI. `head` is all ahead of the NLRI from Withdrawn Routes Length on, `tail` all behind them;
 * `lengthFields` are those that grow with the NLRI: their offsets from the end of the header, and their values
 * without any NLRI.
 */
export interface UpdateFrame {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  readonly lengthFields: readonly { readonly at: number; readonly base: number }[];
}

/**
 * UPDATEs that announce `reachable` with equal attributes, each as full as the session allows. IPv4 prefixes with an
 * IPv4 next hop go into the fields of RFC 4271, all others into MP_REACH_NLRI, which then is the first attribute
 * (RFC 7606 section 5.1). Nothing is encoded before the consumer asks for it.
 *
 * Errors (`FabricError`): `bgp.encode.message-too-long` if the attributes leave no room for a prefix,
 * `bgp.encode.path-ids` if Path Identifiers are missing or superfluous, and those of `encodeAttributes`.
 */
export function* packUpdates(
  reachable: ReachableNlri,
  attributes: PathAttributes,
  context: CodecContext,
): Generator<Uint8Array, void, undefined> {
  if (reachable.prefixes.length === 0) return;
  yield* fillFrames(reachFrame(reachable, attributes, context), reachable, context);
}

/** UPDATEs that withdraw `withdrawn`; as {@link packUpdates}. */
export function* packWithdrawals(withdrawn: NlriBlock, context: CodecContext): Generator<Uint8Array, void, undefined> {
  if (withdrawn.prefixes.length === 0) return;
  yield* fillFrames(unreachFrame(withdrawn.family), withdrawn, context);
}

/** Number of host prefixes that fill one UPDATE in the frame; at least one. */
export function prefixesPerUpdate(frame: UpdateFrame, family: BgpFamily, context: CodecContext): number {
  const room = maxMessageLength(context) - HEADER_LENGTH - frame.head.length - frame.tail.length;
  return Math.max(1, Math.floor(room / maxNlriOctets(family, context.addPathSend.has(family))));
}

/** End-of-RIB marker (RFC 4724 section 2): an empty UPDATE, or one with an empty MP_UNREACH_NLRI alone. */
export function encodeEndOfRib(family: BgpFamily): Uint8Array {
  const frame: UpdateFrame =
    family === 'ipv4-unicast'
      ? legacyReachFrame(NO_OCTETS)
      : {
          head: concatOctets([
            Uint8Array.of(0, 0, 0, 6, ATTRIBUTE_FLAG.optional, mpUnreachNlri.typeCode, 3),
            familyFields(family),
          ]),
          tail: NO_OCTETS,
          lengthFields: [],
        };
  const octets = new Uint8Array(HEADER_LENGTH + frame.head.length);
  octets.set(frame.head, HEADER_LENGTH);
  writeHeader(octets, MESSAGE_TYPE.update);
  return octets;
}

/** What {@link packUpdates} puts around prefixes: to be made once for all that are announced with the same attributes. */
export function reachFrame(
  { family, nextHop }: Omit<ReachableNlri, 'prefixes'>,
  attributes: PathAttributes,
  context: CodecContext,
): UpdateFrame {
  if (family === 'ipv4-unicast' && !nextHop.address.includes(':')) {
    return legacyReachFrame(encodeAttributes({ attributes, nextHop: nextHop.address }, context));
  }
  const fields = mpReachFields(family, nextHop);
  return mpFrame(mpReachNlri.typeCode, fields, encodeAttributes({ attributes }, context));
}

/** What {@link packWithdrawals} puts around prefixes. */
export function unreachFrame(family: BgpFamily): UpdateFrame {
  return family === 'ipv4-unicast'
    ? { head: new Uint8Array(2), tail: new Uint8Array(2), lengthFields: [{ at: 0, base: 0 }] }
    : mpFrame(mpUnreachNlri.typeCode, familyFields(family), NO_OCTETS);
}

/** No withdrawn routes; NLRI at the end of the message, in a field without a length. */
function legacyReachFrame(attributes: Uint8Array): UpdateFrame {
  const { length } = attributes;
  return {
    head: concatOctets([Uint8Array.of(0, 0, length >>> 8, length), attributes]),
    tail: NO_OCTETS,
    lengthFields: [],
  };
}

/** `fields` and the NLRI in the attribute, always with a length of two octets, ahead of all others. */
function mpFrame(typeCode: number, fields: Uint8Array, otherAttributes: Uint8Array): UpdateFrame {
  const flags = ATTRIBUTE_FLAG.optional | ATTRIBUTE_FLAG.extendedLength;
  return {
    head: concatOctets([Uint8Array.of(0, 0, 0, 0, flags, typeCode, 0, 0), fields]),
    tail: otherAttributes,
    lengthFields: [
      { at: 2, base: 4 + fields.length + otherAttributes.length },
      { at: 6, base: fields.length },
    ],
  };
}

function familyFields(family: BgpFamily): Uint8Array {
  const { afi, safi } = FAMILY_PARAMETERS[family];
  return Uint8Array.of(afi >>> 8, afi, safi);
}

function mpReachFields(family: BgpFamily, { address, linkLocal }: NextHop): Uint8Array {
  const first = addressOctets(address, 'MP_REACH_NLRI next hop');
  const second = linkLocal === undefined ? NO_OCTETS : addressOctets(linkLocal, 'MP_REACH_NLRI link-local next hop');
  const length = Uint8Array.of(first.length + second.length);
  return concatOctets([familyFields(family), length, first, second, Uint8Array.of(0)]);
}

/** UPDATEs with the prefixes of the block, each as full as the session allows, in frames of its family. */
export function* fillFrames(
  frame: UpdateFrame,
  block: NlriBlock,
  context: CodecContext,
): Generator<Uint8Array, void, undefined> {
  const { prefixes, family } = block;
  const pathIds = checkedPathIds(block, context);
  const limit = maxMessageLength(context);
  const fixed = HEADER_LENGTH + frame.head.length + frame.tail.length;
  const longest = maxNlriOctets(family, pathIds !== undefined);
  let index = 0;
  while (index < prefixes.length) {
    const octets = new Uint8Array(Math.min(limit, fixed + (prefixes.length - index) * longest));
    const nlriEnd = octets.length - frame.tail.length;
    const nlriStart = HEADER_LENGTH + frame.head.length;
    let at = nlriStart;
    let key = prefixes[index];
    while (key !== undefined && (at + longest <= nlriEnd || at + nlriOctets(key, pathIds !== undefined) <= nlriEnd)) {
      at = writeNlri(octets, at, key, pathIds?.[index]);
      index += 1;
      key = prefixes[index];
    }
    if (at === nlriStart) throw tooLong(fixed + longest, limit);
    yield finishMessage(octets.subarray(0, at + frame.tail.length), frame, at - nlriStart);
  }
}

function finishMessage(octets: Uint8Array, frame: UpdateFrame, nlriLength: number): Uint8Array {
  octets.set(frame.head, HEADER_LENGTH);
  octets.set(frame.tail, octets.length - frame.tail.length);
  for (const { at, base } of frame.lengthFields) writeUint16(octets, HEADER_LENGTH + at, base + nlriLength);
  writeHeader(octets, MESSAGE_TYPE.update);
  return octets;
}

/** RFC 7911 section 3: every NLRI of the family has a Path Identifier, or none has. */
function checkedPathIds(
  { family, prefixes, pathIds }: NlriBlock,
  context: CodecContext,
): readonly number[] | undefined {
  if (!context.addPathSend.has(family)) {
    if (pathIds === undefined) return undefined;
    throw new FabricError(
      'bgp.encode.path-ids',
      `ADD-PATH is not negotiated for ${family}; leave out the Path Identifiers`,
    );
  }
  if (pathIds?.length === prefixes.length) return pathIds;
  throw new FabricError(
    'bgp.encode.path-ids',
    `ADD-PATH is negotiated for ${family}; give a Path Identifier for each of ${prefixes.length} prefixes`,
  );
}

function tooLong(needed: number, limit: number): FabricError {
  return new FabricError(
    'bgp.encode.message-too-long',
    `an UPDATE with these attributes and one prefix needs ${needed} octets; the session allows ${limit}${
      limit === MAX_MESSAGE_LENGTH ? ' (more with the extended message capability)' : ''
    }`,
    { details: { needed, limit } },
  );
}
