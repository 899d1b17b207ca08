import { compareText } from '../model/resolve-instance.ts';

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
 * depends on the set of boxes only, not on their order.
 */
export function layered<Some extends Box>(boxes: Iterable<Some>): Some[][] {
  const byText = new Map<string, Some>();
  for (const box of boxes) byText.set(box.text, box);
  const distinct = [...byText.values()].sort((left, right) => compareText(left.text, right.text));
  const layers: Some[][] = [];
  for (const box of distinct) {
    if (distinct.some((other) => other !== box && contains(other, box))) continue;
    const layer = layers.find((candidate) => !candidate.some((other) => overlap(other, box)));
    if (layer === undefined) layers.push([box]);
    else layer.push(box);
  }
  return layers;
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
