import type { AddressFamily } from '@slash32/shared';
import { type FlowBox, isEmptyBox, subtractBoxes, tidyBoxes } from './flow-box.ts';
import { type FlowEnd, OUTSIDE } from './flow-end.ts';
import type { FlowEdge, Reachability } from './reachability.ts';

/** Flows that a change opens or closes, by pair of ends; each as disjoint boxes. */
export interface ReachabilityDifference {
  readonly opens: readonly FlowEdge[];
  readonly closes: readonly FlowEdge[];
}

/**
 * What passes after and not before, and the other way round. Exact, and empty for changes that mean the same (rules
 * in another order, split, or moved between groups of the same instances).
 *
 * Instances are told apart by name: an address that an instance gets or gives up is its own business, not also a change
 * of the outside.
 */
export function compareReachability(before: Reachability, after: Reachability): ReachabilityDifference {
  const instances = [...new Set([...before.instances, ...after.instances])].sort();
  const changed = new Set(instances.filter((name) => before.signature(name) !== after.signature(name)));
  const ends: readonly FlowEnd[] = [...instances, OUTSIDE];
  const opens: FlowEdge[] = [];
  const closes: FlowEdge[] = [];
  for (const source of ends) {
    for (const destination of ends) {
      if (!mayDiffer(source, changed) && !mayDiffer(destination, changed)) continue;
      for (const family of [4, 6] as const) {
        const had = flowsOf(before, after, source, destination, family);
        const has = flowsOf(after, before, source, destination, family);
        const opened = tidyBoxes(subtractBoxes(has, had));
        const closed = tidyBoxes(subtractBoxes(had, has));
        if (opened.length > 0) opens.push({ source, destination, family, boxes: opened });
        if (closed.length > 0) closes.push({ source, destination, family, boxes: closed });
      }
    }
  }
  return { opens, closes };
}

/** An address group may change what the outside is to an instance whose own rules stay. */
function mayDiffer(end: FlowEnd, changed: ReadonlySet<string>): boolean {
  return end === OUTSIDE || changed.has(end);
}

/** Flows as of `now`, with the outside as it is in both. */
function flowsOf(
  now: Reachability,
  other: Reachability,
  source: FlowEnd,
  destination: FlowEnd,
  family: AddressFamily,
): readonly FlowBox[] {
  const boxes = now.flows(source, destination, family);
  if (source !== OUTSIDE && destination !== OUTSIDE) return boxes;
  const outside = other.outside(family);
  return boxes
    .map((box) => ({
      ...box,
      sources: source === OUTSIDE ? box.sources.intersect(outside) : box.sources,
      destinations: destination === OUTSIDE ? box.destinations.intersect(outside) : box.destinations,
    }))
    .filter((box) => !isEmptyBox(box));
}
