import type { BgpFamily } from '@slash32/shared';
import type { CodecContext, PeerType } from '../codec-context.ts';
import type { UpdateErrorAction } from '../messages/decoded-update.ts';
import type { NextHop, NlriBlock, ReachableNlri } from '../nlri/nlri-block.ts';
import type { Aggregator, AsPathSegment, PathAttributes, UnknownAttribute } from './path-attributes.ts';

/** Bits of the attribute flags octet (RFC 4271 section 4.3). */
export const ATTRIBUTE_FLAG = { optional: 0x80, transitive: 0x40, partial: 0x20, extendedLength: 0x10 } as const;

/** The Optional and Transitive bits that the attribute's RFC gives it. */
export const ATTRIBUTE_CATEGORY = {
  'well-known': ATTRIBUTE_FLAG.transitive,
  'optional-transitive': ATTRIBUTE_FLAG.optional | ATTRIBUTE_FLAG.transitive,
  'optional-non-transitive': ATTRIBUTE_FLAG.optional,
} as const;
export type AttributeCategory = keyof typeof ATTRIBUTE_CATEGORY;

/** What has been read of an UPDATE's attributes so far. */
export interface AttributeDraft {
  attributes: { -readonly [Field in keyof PathAttributes]?: PathAttributes[Field] };
  unknown: UnknownAttribute[];
  /** NEXT_HOP. */
  nextHop?: NextHop;
  as4Path?: readonly AsPathSegment[];
  as4Aggregator?: Aggregator;
  mpReach?: ReachableNlri;
  mpUnreach?: NlriBlock;
  /** MP_REACH_NLRI announces routes of a family that is not negotiated. */
  foreignReach?: true;
}

/** Why a value cannot be used. */
export interface AttributeFault {
  readonly reason: string;
  /** In place of the attribute's `onError`. */
  readonly action?: UpdateErrorAction;
  readonly family?: BgpFamily;
}

/** What an encoder works from: a route's attributes and, for NEXT_HOP, its IPv4 next hop. */
export interface AttributeSource {
  readonly attributes: PathAttributes;
  /** Dotted quad; absent if the next hop goes into MP_REACH_NLRI. */
  readonly nextHop?: string;
}

/** Says what is wrong with a length in octets; `undefined` if nothing. */
export type LengthRule = (length: number, context: CodecContext) => string | undefined;

/** One row of the attribute table: all that this speaker knows of a path attribute. */
export interface AttributeDefinition {
  readonly typeCode: number;
  /** As in its RFC. */
  readonly name: string;
  readonly category: AttributeCategory;
  /** `ibgp`: discarded if an eBGP peer sends it (RFC 7606 section 7), and never sent to one. */
  readonly exchangedWith: 'all' | 'ibgp';
  readonly length: LengthRule;
  /** RFC 7606: what a malformed one does, by the kind of peer that sent it. */
  readonly onError: Readonly<Record<PeerType, UpdateErrorAction>>;
  /** What wrong Optional and Transitive bits do, where the attribute's RFC says so (RFC 7606 section 3 c). */
  readonly onFlagsError?: UpdateErrorAction;
  /** UPDATE error subcode of a value that is wrong though its length is right. */
  readonly valueSubcode: number;
  /** Reads the octets from `start` to `end` into the draft. */
  decode(
    draft: AttributeDraft,
    octets: Uint8Array,
    start: number,
    end: number,
    context: CodecContext,
  ): AttributeFault | undefined;
  /** The value; `undefined`: the route has none, or it does not go to this peer. */
  encode?(source: AttributeSource, context: CodecContext): Uint8Array | undefined;
  /** For people; `undefined`: the route has none. */
  format?(attributes: PathAttributes): string | undefined;
}

export function exactly(octets: number): LengthRule {
  return (length) => (length === octets ? undefined : `has ${length} octets, not ${octets}`);
}

/** At least one entry. */
export function entriesOf(octets: number): LengthRule {
  return (length) =>
    length > 0 && length % octets === 0 ? undefined : `has ${length} octets, not a multiple of ${octets} above 0`;
}

export const anyLength: LengthRule = () => undefined;

export const WITHDRAW = { ebgp: 'treat-as-withdraw', ibgp: 'treat-as-withdraw' } as const;
export const DISCARD = { ebgp: 'attribute-discard', ibgp: 'attribute-discard' } as const;
export const DISABLE = { ebgp: 'disable-family', ibgp: 'disable-family' } as const;
