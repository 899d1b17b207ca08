import { compareText } from '../model/resource-name.ts';

/** An inclusive range in one dimension: protocol, port, address. */
export type Interval = readonly [first: number | bigint, last: number | bigint];

/** A product of intervals: one element of a concatenated interval set. All boxes of a list have the same dimensions. */
export interface Box {
  readonly dimensions: readonly Interval[];
  /** nft's text of it: equal boxes have equal texts. */
  readonly text: string;
}

/**
 * The same union as `boxes`, in as many layers as needed for no two boxes of a layer to overlap, which the kernel refuses.
 * Boxes inside others are left out; the rest is never cut, so there are never more elements than rules. The result
 * depends on the set of boxes only, not on their order. `containers` gets, for the text of each box that is left out, one
 * that it is inside of, which may be left out itself.
 */
export function layered<Some extends Box>(boxes: Iterable<Some>, containers?: Map<string, Some>): Some[][] {
  const byText = new Map<string, Some>();
  for (const box of boxes) byText.set(box.text, box);
  const distinct = [...byText.values()].sort((left, right) => compareText(left.text, right.text));
  const overlapping = overlaps(distinct);
  const layerOf = new Map<Some, number>();
  const layers: Some[][] = [];
  for (const box of distinct) {
    const others = overlapping.get(box) ?? [];
    const container = others.find((other) => contains(other, box));
    if (container !== undefined) {
      containers?.set(box.text, container);
      continue;
    }
    const taken = new Set(others.map((other) => layerOf.get(other)));
    let index = 0;
    while (taken.has(index)) index += 1;
    layerOf.set(box, index);
    const layer = layers[index];
    if (layer === undefined) layers.push([box]);
    else layer.push(box);
  }
  return layers;
}

/**
 * Box → those that it overlaps. Boxes are swept along one dimension, so that only those are compared that meet there:
 * the dimension in which they differ most. Ports from anybody all meet in the address, prefixes of one port in the port.
 */
function overlaps<Some extends Box>(boxes: readonly Some[]): Map<Some, Some[]> {
  const found = new Map<Some, Some[]>(boxes.map((box) => [box, []]));
  const axis = mostVaried(boxes);
  const intervals = boxes.flatMap((box) => {
    const interval = box.dimensions[axis];
    return interval === undefined ? [] : [{ box, first: interval[0], last: interval[1] }];
  });
  intervals.sort((left, right) => (left.first < right.first ? -1 : left.first > right.first ? 1 : 0));
  let open: typeof intervals = [];
  for (const current of intervals) {
    open = open.filter((other) => other.last >= current.first);
    for (const other of open) {
      if (!overlap(other.box, current.box)) continue;
      found.get(other.box)?.push(current.box);
      found.get(current.box)?.push(other.box);
    }
    open.push(current);
  }
  return found;
}

function mostVaried(boxes: readonly Box[]): number {
  let [axis, most] = [0, 0];
  const count = boxes[0]?.dimensions.length ?? 0;
  for (let index = 0; index < count; index += 1) {
    // As text: V8 hashes a bigint by its low 64 bits, which are zero in most IPv6 prefixes.
    const { size } = new Set(boxes.map((box) => String(box.dimensions[index]?.[0])));
    if (size > most) [axis, most] = [index, size];
  }
  return axis;
}

export function contains(outer: Box, inner: Box): boolean {
  return outer.dimensions.every(([first, last], index) => {
    const other = inner.dimensions[index];
    return other !== undefined && first <= other[0] && other[1] <= last;
  });
}

export function overlap(left: Box, right: Box): boolean {
  return left.dimensions.every(([first, last], index) => {
    const other = right.dimensions[index];
    return other !== undefined && first <= other[1] && other[0] <= last;
  });
}
