import type { BgpFamily } from '@slash32/shared';
import type { CodecContext } from '../codec-context.ts';
import { familyOf } from '../family.ts';
import { UPDATE_ERROR } from '../messages/notification.ts';
import { decodeNlriField } from '../nlri/nlri-field.ts';
import { readUint16 } from '../octets.ts';
import { type AttributeDefinition, type AttributeFault, anyLength, DISABLE } from './attribute-definition.ts';
import { decodeMpNextHop } from './next-hop.ts';

/** Errors of these two hide NLRI, so they cost a family, or the session if the family cannot be read (RFC 7606 5.3). */
const CUT_OFF: AttributeFault = { reason: 'ends within its fixed fields', action: 'session-reset' };

type FamilyField = { readonly family: BgpFamily } | { readonly foreign: string };

function readFamily(octets: Uint8Array, start: number, context: CodecContext): FamilyField {
  const afi = readUint16(octets, start);
  const safi = octets[start + 2] ?? 0;
  const family = familyOf(afi, safi);
  if (family !== undefined && context.families.has(family)) return { family };
  return { foreign: `AFI ${afi} SAFI ${safi} is not negotiated; its routes are ignored` };
}

/** RFC 4760 section 3, RFC 2545 section 3; RFC 8950 section 3 for an IPv6 next hop of IPv4 routes. */
function nextHopLengths(family: BgpFamily, context: CodecContext): readonly number[] {
  if (family === 'ipv6-unicast') return [16, 32];
  return context.extendedNextHop.has(family) ? [4, 16, 32] : [4];
}

/**
 * MP_REACH_NLRI, RFC 4760 section 3.
 *
 * ```
 * +---------+----------+---------------------+----------+--------------+------+
 * | AFI (2) | SAFI (1) | Next hop length (1) | Next hop | Reserved (1) | NLRI |
 * +---------+----------+---------------------+----------+--------------+------+
 * ```
 */
export const mpReachNlri: AttributeDefinition = {
  typeCode: 14,
  name: 'MP_REACH_NLRI',
  category: 'optional-non-transitive',
  exchangedWith: 'all',
  length: anyLength,
  onError: DISABLE,
  valueSubcode: UPDATE_ERROR.optionalAttributeError,
  decode(draft, octets, start, end, context) {
    if (end - start < 3) return CUT_OFF;
    const field = readFamily(octets, start, context);
    if ('foreign' in field) {
      draft.foreignReach = true;
      return { reason: field.foreign, action: 'attribute-discard' };
    }
    const { family } = field;
    const length = octets[start + 3] ?? 0;
    const nlriStart = start + 5 + length;
    if (nlriStart > end) return { reason: 'ends within its next hop', family };
    const hop = decodeMpNextHop(octets, start + 4, length, nextHopLengths(family, context));
    if (!hop.ok) return { reason: hop.reason, family };
    const nlri = decodeNlriField(octets, nlriStart, end, family, context.addPathReceive.has(family));
    if (!nlri.ok) return { reason: nlri.reason, family };
    draft.mpReach = { ...nlri.block, nextHop: hop.nextHop };
    return hop.fault === undefined ? undefined : { reason: hop.fault, action: 'treat-as-withdraw' };
  },
};

/** MP_UNREACH_NLRI, RFC 4760 section 4: AFI (2), SAFI (1), NLRI. */
export const mpUnreachNlri: AttributeDefinition = {
  typeCode: 15,
  name: 'MP_UNREACH_NLRI',
  category: 'optional-non-transitive',
  exchangedWith: 'all',
  length: anyLength,
  onError: DISABLE,
  valueSubcode: UPDATE_ERROR.optionalAttributeError,
  decode(draft, octets, start, end, context) {
    if (end - start < 3) return CUT_OFF;
    const field = readFamily(octets, start, context);
    if ('foreign' in field) return { reason: field.foreign, action: 'attribute-discard' };
    const { family } = field;
    const nlri = decodeNlriField(octets, start + 3, end, family, context.addPathReceive.has(family));
    if (!nlri.ok) return { reason: nlri.reason, family };
    draft.mpUnreach = nlri.block;
    return undefined;
  },
};
