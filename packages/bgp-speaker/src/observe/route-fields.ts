import type { BgpRouteStatus } from '@slash32/shared';
import {
  formatAsPath,
  formatCommunity,
  formatLargeCommunity,
  type NextHop,
  type PathAttributes,
} from '../codec/index.ts';

/** The link-local address where there is no other. */
export function nextHopText({ address, linkLocal }: NextHop): string {
  return address === '::' && linkLocal !== undefined ? linkLocal : address;
}

export type AttributeFields = Pick<
  BgpRouteStatus,
  'asPath' | 'origin' | 'localPref' | 'med' | 'communities' | 'onlyToCustomer'
>;

/** A route's attributes as `speaker.routes` and `speaker.watch` have them. */
export function commonAttributeFields(attributes: PathAttributes): Omit<AttributeFields, 'onlyToCustomer'> {
  return {
    asPath: formatAsPath(attributes.asPath),
    origin: attributes.origin,
    ...(attributes.localPref === undefined ? {} : { localPref: attributes.localPref }),
    ...(attributes.med === undefined ? {} : { med: attributes.med }),
    communities: [
      ...(attributes.communities ?? []).map(formatCommunity),
      ...(attributes.largeCommunities ?? []).map(formatLargeCommunity),
    ],
  };
}

/** The same, with what only `speaker.routes` has. */
export function attributeFields(attributes: PathAttributes): AttributeFields {
  return {
    ...commonAttributeFields(attributes),
    ...(attributes.onlyToCustomer === undefined ? {} : { onlyToCustomer: attributes.onlyToCustomer }),
  };
}

export function withoutAttributes(status: BgpRouteStatus): Omit<BgpRouteStatus, keyof AttributeFields> {
  const {
    asPath: _asPath,
    origin: _origin,
    localPref: _localPref,
    med: _med,
    communities: _communities,
    onlyToCustomer: _onlyToCustomer,
    ...rest
  } = status;
  return rest;
}
