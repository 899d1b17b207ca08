import type { AttributeDefinition } from './attribute-definition.ts';
import { communities, extendedCommunities, ipv6ExtendedCommunities, largeCommunities } from './community-attributes.ts';
import { mpReachNlri, mpUnreachNlri } from './mp-attributes.ts';
import {
  accumulatedIgpMetric,
  aggregator,
  as4Aggregator,
  as4Path,
  asPath,
  atomicAggregate,
  clusterList,
  localPref,
  multiExitDisc,
  nextHop,
  onlyToCustomer,
  origin,
  originatorId,
  prefixSid,
} from './route-attributes.ts';

/** Every path attribute that this speaker knows, ascending by type code: the order in which they are sent. */
export const ATTRIBUTE_TABLE: readonly AttributeDefinition[] = [
  origin,
  asPath,
  nextHop,
  multiExitDisc,
  localPref,
  atomicAggregate,
  aggregator,
  communities,
  originatorId,
  clusterList,
  mpReachNlri,
  mpUnreachNlri,
  extendedCommunities,
  as4Path,
  as4Aggregator,
  ipv6ExtendedCommunities,
  accumulatedIgpMetric,
  largeCommunities,
  onlyToCustomer,
  prefixSid,
];

const byTypeCode: (AttributeDefinition | undefined)[] = new Array<undefined>(256).fill(undefined);
for (const definition of ATTRIBUTE_TABLE) byTypeCode[definition.typeCode] = definition;

/** The row of a type code (0–255). */
export function attributeDefinition(typeCode: number): AttributeDefinition | undefined {
  return byTypeCode[typeCode];
}
