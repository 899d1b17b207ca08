import type { BgpFamily } from '@slash32/shared';
import { AS_TRANS } from '../as-number.ts';
import { mergeAs4Path } from '../attributes/as-path.ts';
import { type DecodedAttributes, decodeAttributes } from '../attributes/attribute-decoder.ts';
import type { AttributeDraft } from '../attributes/attribute-definition.ts';
import type { PathAttributes } from '../attributes/path-attributes.ts';
import { asPath, localPref, nextHop, origin } from '../attributes/route-attributes.ts';
import type { CodecContext } from '../codec-context.ts';
import type { NlriBlock, ReachableNlri } from '../nlri/nlri-block.ts';
import { decodeNlriField } from '../nlri/nlri-field.ts';
import { readUint16 } from '../octets.ts';
import { type DecodedUpdate, UPDATE_ERROR_ACTIONS, type UpdateError } from './decoded-update.ts';
import { HEADER_LENGTH } from './header.ts';
import { ERROR_CODE, UPDATE_ERROR } from './notification.ts';

const EMPTY_ATTRIBUTES: PathAttributes = { origin: 'incomplete', asPath: [] };
const LEGACY_FAMILY: BgpFamily = 'ipv4-unicast';

/** Octets of an UPDATE without withdrawn routes, attributes and NLRI: End-of-RIB of IPv4 unicast (RFC 4724). */
const EMPTY_UPDATE_LENGTH = HEADER_LENGTH + 4;

/**
 * Reads an UPDATE, header included (RFC 4271 section 4.3), and settles its errors (RFC 7606). Never throws.
 *
 * ```
 * +----------------------+------------------+-----------------------+-----------------+------+
 * | Withdrawn Routes     | Withdrawn Routes | Total Path Attribute  | Path Attributes | NLRI |
 * | Length (2)           |                  | Length (2)            |                 |      |
 * +----------------------+------------------+-----------------------+-----------------+------+
 * ```
 */
export function decodeUpdate(octets: Uint8Array, context: CodecContext): DecodedUpdate {
  const withdrawnStart = HEADER_LENGTH + 2;
  const withdrawnEnd = withdrawnStart + readUint16(octets, HEADER_LENGTH);
  const attributesStart = withdrawnEnd + 2;
  if (attributesStart > octets.length) return reset(listError('Withdrawn Routes Length exceeds the message'));
  const attributesEnd = attributesStart + readUint16(octets, withdrawnEnd);
  if (attributesEnd > octets.length) return reset(listError('Total Path Attribute Length exceeds the message'));
  if (octets.length === EMPTY_UPDATE_LENGTH) return emptyUpdate(context);

  const addPath = context.addPathReceive.has(LEGACY_FAMILY);
  const withdrawn = decodeNlriField(octets, withdrawnStart, withdrawnEnd, LEGACY_FAMILY, addPath);
  if (!withdrawn.ok) return reset(networkError('Withdrawn Routes', withdrawn.reason));
  const announced = decodeNlriField(octets, attributesEnd, octets.length, LEGACY_FAMILY, addPath);
  if (!announced.ok) return reset(networkError('NLRI', announced.reason));

  const decoded = forgiveNextHop(decodeAttributes(octets, attributesStart, attributesEnd, context), announced.block);
  const fields = { withdrawn: withdrawn.block, announced: announced.block };
  if (context.families.has(LEGACY_FAMILY) || legacyPrefixes(fields) === 0) {
    return settle(decoded, fields, [...decoded.errors, ...checkMandatory(decoded, fields, context)]);
  }
  decoded.draft.foreignReach = true;
  const none: NlriBlock = { family: LEGACY_FAMILY, prefixes: [] };
  return settle(decoded, { withdrawn: none, announced: none }, [...decoded.errors, FOREIGN_LEGACY]);
}

/** RFC 4760 section 3: NEXT_HOP is to be ignored if all that the message announces is in MP_REACH_NLRI. */
function forgiveNextHop(decoded: DecodedAttributes, announced: NlriBlock): DecodedAttributes {
  if (hasPrefixes(announced) || (decoded.draft.mpReach?.prefixes.length ?? 0) === 0) return decoded;
  const errors = decoded.errors.map((error) =>
    error.attribute === nextHop.name ? { ...error, action: 'attribute-discard' as const } : error,
  );
  return { ...decoded, errors };
}

/** The fields of RFC 4271 itself: IPv4 unicast only. */
interface LegacyNlri {
  readonly withdrawn: NlriBlock;
  readonly announced: NlriBlock;
}

function emptyUpdate(context: CodecContext): DecodedUpdate {
  const empty: DecodedUpdate = { withdrawn: [], reachable: [], attributes: EMPTY_ATTRIBUTES, errors: [] };
  return context.families.has(LEGACY_FAMILY) ? { ...empty, endOfRib: LEGACY_FAMILY } : empty;
}

const FOREIGN_LEGACY: UpdateError = {
  action: 'attribute-discard',
  attribute: 'NLRI',
  reason: 'IPv4 unicast is not negotiated; its routes are ignored',
  notification: updateNotification(UPDATE_ERROR.optionalAttributeError),
};

/** RFC 7606 section 3 d: a route without one of these is withdrawn. */
function checkMandatory(decoded: DecodedAttributes, legacy: LegacyNlri, context: CodecContext): readonly UpdateError[] {
  const announcesLegacy = legacy.announced.prefixes.length > 0;
  const announcesMp = (decoded.draft.mpReach?.prefixes.length ?? 0) > 0;
  if (!announcesLegacy && !announcesMp) return [];
  const mandatory = [origin, asPath];
  if (announcesLegacy) mandatory.push(nextHop);
  if (context.peerType === 'ibgp') mandatory.push(localPref);
  return mandatory
    .filter(({ typeCode }) => !decoded.seen.includes(typeCode))
    .map(({ name, typeCode }) => ({
      action: 'treat-as-withdraw',
      attribute: name,
      reason: 'is missing',
      notification: updateNotification(UPDATE_ERROR.missingWellKnownAttribute, Uint8Array.of(typeCode)),
    }));
}

/** From what was read and what was wrong to what is to be done. */
function settle({ draft, seen }: DecodedAttributes, legacy: LegacyNlri, errors: readonly UpdateError[]): DecodedUpdate {
  const worst = strongest(errors);
  const reachable = reachableNlri(draft, legacy);
  const withdrawn: NlriBlock[] = [];
  if (hasPrefixes(legacy.withdrawn)) withdrawn.push(legacy.withdrawn);
  if (draft.mpUnreach !== undefined && hasPrefixes(draft.mpUnreach)) withdrawn.push(draft.mpUnreach);
  if (worst?.action === 'session-reset') return reset(worst, errors);
  // RFC 7606 section 5.2: attributes but no route to withdraw. The NLRI may be in what could not be read.
  const announcesNothing = reachable.length === 0 && draft.foreignReach === undefined;
  if (worst?.action === 'treat-as-withdraw' && announcesNothing) return reset(worst, errors);

  const disabled = new Set(errors.flatMap(({ action, family }) => (action === 'disable-family' ? [family] : [])));
  const usable = reachable.filter(({ family }) => !disabled.has(family));
  const revoked = errors.some(({ action }) => action === 'treat-as-withdraw');
  const update: DecodedUpdate = {
    withdrawn: revoked ? [...withdrawn, ...usable.map(withoutNextHop)] : withdrawn,
    reachable: revoked ? [] : usable,
    attributes: finishAttributes(draft),
    errors,
    ...(worst === undefined ? {} : { action: worst.action }),
    ...(worst?.action === 'disable-family' ? { notification: worst.notification } : {}),
  };
  const marker = seen.length === 1 && legacyPrefixes(legacy) === 0 ? draft.mpUnreach : undefined;
  return marker !== undefined && !hasPrefixes(marker) ? { ...update, endOfRib: marker.family } : update;
}

function legacyPrefixes({ withdrawn, announced }: LegacyNlri): number {
  return withdrawn.prefixes.length + announced.prefixes.length;
}

function hasPrefixes(block: NlriBlock): boolean {
  return block.prefixes.length > 0;
}

function reachableNlri(draft: AttributeDraft, { announced }: LegacyNlri): ReachableNlri[] {
  const reachable: ReachableNlri[] = [];
  // Without a usable NEXT_HOP the message is treated as withdraw: the next hop is then never looked at.
  if (hasPrefixes(announced)) reachable.push({ ...announced, nextHop: draft.nextHop ?? { address: '0.0.0.0' } });
  if (draft.mpReach !== undefined && hasPrefixes(draft.mpReach)) reachable.push(draft.mpReach);
  return reachable;
}

function withoutNextHop({ nextHop: _nextHop, ...block }: ReachableNlri): NlriBlock {
  return block;
}

/** RFC 6793 section 4.2.3: what a speaker without 4-octet AS numbers could not say in AS_PATH and AGGREGATOR. */
function finishAttributes({ attributes, as4Path, as4Aggregator }: AttributeDraft): PathAttributes {
  const whole: PathAttributes = { ...EMPTY_ATTRIBUTES, ...attributes };
  const { aggregator } = attributes;
  // An AGGREGATOR without AS_TRANS was changed on the way by a speaker that did not know the AS4 attributes.
  const stale = aggregator !== undefined && aggregator.asNumber !== AS_TRANS && as4Aggregator !== undefined;
  if (stale) return whole;
  return {
    ...whole,
    ...(as4Path === undefined ? {} : { asPath: mergeAs4Path(whole.asPath, as4Path) }),
    ...(aggregator !== undefined && as4Aggregator !== undefined ? { aggregator: as4Aggregator } : {}),
  };
}

function strongest(errors: readonly UpdateError[]): UpdateError | undefined {
  let worst: UpdateError | undefined;
  for (const error of errors) if (worst === undefined || rank(error) > rank(worst)) worst = error;
  return worst;
}

function rank({ action }: UpdateError): number {
  return UPDATE_ERROR_ACTIONS.indexOf(action);
}

function reset(cause: UpdateError, errors: readonly UpdateError[] = [cause]): DecodedUpdate {
  return {
    withdrawn: [],
    reachable: [],
    attributes: EMPTY_ATTRIBUTES,
    errors,
    action: 'session-reset',
    notification: cause.notification,
  };
}

function listError(reason: string): UpdateError {
  return {
    action: 'session-reset',
    attribute: 'UPDATE',
    reason,
    notification: updateNotification(UPDATE_ERROR.malformedAttributeList),
  };
}

/** RFC 7606 section 5.3: what follows a prefix that cannot be read is lost. */
function networkError(attribute: string, reason: string): UpdateError {
  return {
    action: 'session-reset',
    attribute,
    reason,
    notification: updateNotification(UPDATE_ERROR.invalidNetworkField),
  };
}

function updateNotification(subcode: number, data: Uint8Array = new Uint8Array(0)) {
  return { code: ERROR_CODE.updateMessage, subcode, data };
}
