import { FabricError } from '@slash32/shared';
import { type CodecContext, initialContext } from '../codec-context.ts';
import type { NextHop } from '../nlri/nlri-block.ts';
import { concatOctets } from '../octets.ts';
import { ATTRIBUTE_CATEGORY, ATTRIBUTE_FLAG, type AttributeSource } from './attribute-definition.ts';
import { ATTRIBUTE_TABLE, attributeDefinition } from './attribute-table.ts';
import type { PathAttributes, UnknownAttribute } from './path-attributes.ts';

/**
 * The attributes of a route in the order of their type codes, as the session wants them; NEXT_HOP if `source.nextHop`.
 * Errors (`FabricError`): `bgp.encode.address`, `bgp.encode.extended-community`, `bgp.encode.unknown-attribute`.
 */
export function encodeAttributes(source: AttributeSource, context: CodecContext): Uint8Array {
  const parts: { typeCode: number; octets: Uint8Array }[] = [];
  for (const definition of ATTRIBUTE_TABLE) {
    if (definition.exchangedWith === 'ibgp' && context.peerType === 'ebgp') continue;
    const value = definition.encode?.(source, context);
    if (value === undefined) continue;
    const { typeCode, category } = definition;
    parts.push({ typeCode, octets: encodeAttribute(ATTRIBUTE_CATEGORY[category], typeCode, value) });
  }
  const unknown = source.attributes.unknown ?? [];
  if (unknown.length > 0) {
    for (const attribute of unknown) parts.push({ typeCode: attribute.typeCode, octets: encodeUnknown(attribute) });
    parts.sort((left, right) => left.typeCode - right.typeCode);
  }
  return concatOctets(parts.map(({ octets }) => octets));
}

function encodeUnknown({ typeCode, flags, value }: UnknownAttribute): Uint8Array {
  const optionalTransitive = ATTRIBUTE_CATEGORY['optional-transitive'];
  if (attributeDefinition(typeCode) !== undefined || (flags & optionalTransitive) !== optionalTransitive) {
    throw new FabricError(
      'bgp.encode.unknown-attribute',
      `attribute ${typeCode} (flags 0x${flags.toString(16)}) cannot be passed on as unknown: it must be optional transitive and not one that has a field of its own`,
      { details: { typeCode, flags } },
    );
  }
  // RFC 4271 section 5: passed on by a speaker that does not know it, it is partial.
  return encodeAttribute(optionalTransitive | ATTRIBUTE_FLAG.partial, typeCode, value);
}

/** Flags, type, length (two octets if needed, with the flag for it) and value. */
function encodeAttribute(flags: number, typeCode: number, value: Uint8Array): Uint8Array {
  const { length } = value;
  const head =
    length > 255
      ? Uint8Array.of(flags | ATTRIBUTE_FLAG.extendedLength, typeCode, length >>> 8, length)
      : Uint8Array.of(flags, typeCode, length);
  return concatOctets([head, value]);
}

const KEY_CONTEXT: CodecContext = { ...initialContext('ibgp'), fourOctetAs: true };

/**
 * A string that is equal for equal attribute sets (and next hops, if given): to intern them by, and to group prefixes
 * that go into one UPDATE. Not for people, and not to be stored: it is the wire form.
 */
export function attributesKey(attributes: PathAttributes, nextHop?: NextHop): string {
  const octets = encodeAttributes({ attributes }, KEY_CONTEXT);
  const wire = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
  return nextHop === undefined ? wire : `${nextHop.address} ${nextHop.linkLocal ?? ''}|${wire}`;
}

export interface FormattedAttribute {
  /** As in its RFC. */
  readonly name: string;
  readonly value: string;
}

/** The attributes that a route has, for people, in the order of their type codes. */
export function formatAttributes(attributes: PathAttributes): readonly FormattedAttribute[] {
  return ATTRIBUTE_TABLE.flatMap((definition) => {
    const value = definition.format?.(attributes);
    return value === undefined ? [] : [{ name: definition.name, value }];
  });
}
