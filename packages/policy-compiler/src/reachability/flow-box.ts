import type { AddressSet } from './address-set.ts';
import { compare, IntervalSet } from './interval-set.ts';
import type { ServiceSet } from './services.ts';

/** All flows from any of some addresses to any of some addresses for any of some services, of one address family. */
export interface FlowBox {
  readonly sources: AddressSet;
  readonly destinations: AddressSet;
  readonly services: ServiceSet;
}

export function isInBox(box: FlowBox, source: bigint, destination: bigint, service: bigint): boolean {
  return box.services.contains(service) && box.sources.contains(source) && box.destinations.contains(destination);
}

/** What is in some box of `boxes` and in none of `others`; disjoint if `boxes` are. */
export function subtractBoxes(boxes: readonly FlowBox[], others: readonly FlowBox[]): readonly FlowBox[] {
  let rest = boxes;
  for (const other of others) {
    if (rest.length === 0) return rest;
    rest = rest.flatMap((box) => subtractBox(box, other));
  }
  return rest;
}

function subtractBox(box: FlowBox, other: FlowBox): readonly FlowBox[] {
  const sources = box.sources.intersect(other.sources);
  if (sources.isEmpty) return [box];
  const destinations = box.destinations.intersect(other.destinations);
  if (destinations.isEmpty) return [box];
  const services = box.services.intersect(other.services);
  if (services.isEmpty) return [box];
  return [
    { ...box, sources: box.sources.subtract(sources) },
    { ...box, sources, destinations: box.destinations.subtract(destinations) },
    { sources, destinations, services: box.services.subtract(services) },
  ].filter((part) => !isEmptyBox(part));
}

export function isEmptyBox({ sources, destinations, services }: FlowBox): boolean {
  return sources.isEmpty || destinations.isEmpty || services.isEmpty;
}

/**
 * The same flows in boxes that people can read: each service once per pair of address sets, with all the addresses it is
 * allowed between. (443 from anybody and 22 from one prefix are two boxes, though they share that prefix.) `boxes` must
 * be disjoint; so are the results, and equal sets of flows give equal results as long as their services differ.
 */
export function tidyBoxes(boxes: readonly FlowBox[]): readonly FlowBox[] {
  const pieces = mergeBy(boxes, 'sources', ({ destinations, services }) => `${destinations.key} ${services.key}`);
  if (pieces.length <= 1) return pieces;
  const cuts = [
    ...new Set(pieces.flatMap(({ services }) => services.intervals.flatMap((some) => [some.first, some.last + 1n]))),
  ].sort(compare);
  const slices = new Map<string, { owners: readonly FlowBox[]; services: { first: bigint; last: bigint }[] }>();
  for (let index = 0; index + 1 < cuts.length; index += 1) {
    const [first, next] = [cuts[index] ?? 0n, cuts[index + 1] ?? 0n];
    const owners = pieces.filter(({ services }) => services.contains(first));
    if (owners.length === 0) continue;
    const key = owners.map((owner) => pieces.indexOf(owner)).join();
    const slice = slices.get(key) ?? { owners, services: [] };
    slice.services.push({ first, last: next - 1n });
    slices.set(key, slice);
  }
  const tidy = [...slices.values()].flatMap(({ owners, services: intervals }) => {
    const services = IntervalSet.of(intervals);
    const sliced = owners.map((owner): FlowBox => ({ ...owner, services }));
    return mergeBy(mergeBy(sliced, 'sources', byDestinations), 'destinations', bySources);
  });
  // Slices with the same addresses belong together, though different pieces made them.
  return mergeBy(tidy, 'services', (box) => `${byDestinations(box)} ${bySources(box)}`).toSorted((left, right) =>
    compare(left.services.intervals[0]?.first ?? 0n, right.services.intervals[0]?.first ?? 0n),
  );
}

function byDestinations({ destinations }: FlowBox): string {
  return destinations.key;
}

function bySources({ sources }: FlowBox): string {
  return sources.key;
}

/** Joins boxes that differ in one dimension only. */
function mergeBy(
  boxes: readonly FlowBox[],
  dimension: keyof FlowBox,
  keyOf: (box: FlowBox) => string,
): readonly FlowBox[] {
  const groups = Map.groupBy(boxes, keyOf);
  if (groups.size === boxes.length) return boxes;
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return group.length === 1
      ? [first]
      : [{ ...first, [dimension]: IntervalSet.unionOf(group.map((box) => box[dimension])) }];
  });
}
