import type { Resource, ResourceKind } from '@slash32/shared';

/** What others refer to first, so that a half-done apply refers to nothing that is missing. */
const APPLY_ORDER: Readonly<Record<ResourceKind, number>> = {
  FabricConfiguration: 0,
  Host: 1,
  Network: 2,
  AddressGroup: 3,
  SecurityGroup: 4,
  Instance: 5,
  RoutePolicy: 6,
  BGPPeer: 7,
};

/** In the order to write; deletions go the other way round. Stable within a kind. */
export function inApplyOrder<Item extends { readonly resource: Pick<Resource, 'kind'> }>(
  items: readonly Item[],
): readonly Item[] {
  return items.toSorted((a, b) => APPLY_ORDER[a.resource.kind] - APPLY_ORDER[b.resource.kind]);
}
