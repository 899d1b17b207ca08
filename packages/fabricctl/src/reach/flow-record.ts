import {
  type AddressSet,
  addressTexts,
  type FlowBox,
  type FlowEdge,
  type FlowEnd,
  OUTSIDE,
  outsideText,
  type Reachability,
  type ServiceRange,
  serviceRanges,
  servicesText,
} from '@slash32/policy-compiler';
import type { AddressFamily } from '@slash32/shared';

/** One end of some flows, as plain JSON. */
export interface RecordEnd {
  /** `NAMESPACE/NAME`; left out: no instance of ours. */
  readonly instance?: string;
  /** The instance's name; `internet`, `site` or prefixes otherwise. */
  readonly name: string;
  /** Addresses and prefixes, where it is not all that the end has. */
  readonly addresses?: readonly string[];
}

/** Flows between two ends that are allowed alike. */
export interface FlowRecord {
  readonly source: RecordEnd;
  readonly destination: RecordEnd;
  readonly family: AddressFamily;
  readonly services: readonly ServiceRange[];
  /** The services in one line. */
  readonly text: string;
  /** What receivers beyond the site see as source, where that is not the instance's own address. */
  readonly seenSource?: string;
}

/** A record per box. `reachability`: that which the edge is from. */
export function recordsOf(edge: FlowEdge, reachability: Reachability): readonly FlowRecord[] {
  return edge.boxes.map((box) => recordOf(edge, box, reachability));
}

function recordOf({ source, destination, family }: FlowEdge, box: FlowBox, reachability: Reachability): FlowRecord {
  const seenSource = destination === OUTSIDE && family === 4 ? reachability.seenSource(source) : undefined;
  const leavesSite = !reachability.site(family).covers(box.destinations);
  const own = [reachability.sourceAddresses(source, family), reachability.addresses(source, family)];
  return {
    source: recordEnd(source, box.sources, own, reachability, family),
    destination: recordEnd(
      destination,
      box.destinations,
      [reachability.addresses(destination, family)],
      reachability,
      family,
    ),
    family,
    services: serviceRanges(box.services, family),
    text: servicesText(box.services, family),
    ...(seenSource === undefined || !leavesSite ? {} : { seenSource }),
  };
}

/** `whole`: the sets that go without saying. */
function recordEnd(
  end: FlowEnd,
  addresses: AddressSet,
  whole: readonly AddressSet[],
  reachability: Reachability,
  family: AddressFamily,
): RecordEnd {
  if (end === OUTSIDE) {
    const name = outsideText(addresses, reachability, family);
    return { name, ...(name === 'internet' ? {} : { addresses: addressTexts(addresses, family) }) };
  }
  const isWhole = whole.some((set) => set.equals(addresses));
  return { instance: end, name: end, ...(isWhole ? {} : { addresses: addressTexts(addresses, family) }) };
}

/** The end with the addresses that it is about: `tenant-a/web-1 (10.1.0.5)`. */
export function endText({ instance, name, addresses }: RecordEnd): string {
  return instance === undefined || addresses === undefined ? name : `${name} (${addresses.join(', ')})`;
}
