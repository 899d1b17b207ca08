import { isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml';

/** A place in a file; both from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/**
 * Where the field `path` (`spec.addresses[1]`) is, in the YAML document of `text` that begins at `documentLine`. A field
 * that is not there is placed at the nearest one above it. `undefined` if no document begins there or later.
 */
export function placeOfField(text: string, documentLine: number, path: string): TextPlace | undefined {
  const lines = new LineCounter();
  for (const document of parseAllDocuments(text, { lineCounter: lines })) {
    const root = 'contents' in document ? document.contents : null;
    const range = root?.range;
    if (root === null || !range || lines.linePos(range[1] - 1).line < documentLine) continue;
    const { line, col } = lines.linePos(offsetOf(root, fieldNames(path)) ?? range[0]);
    return { line, column: col };
  }
  return undefined;
}

function fieldNames(path: string): readonly string[] {
  return path.split(/[.[\]]+/).filter((name) => name !== '');
}

/** Offset of the key of the last field on the way that exists, or of its item in a list. */
function offsetOf(root: Node, names: readonly string[]): number | undefined {
  let node: unknown = root;
  let offset: number | undefined;
  for (const name of names) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === name);
      if (pair === undefined) return offset;
      offset = isScalar(pair.key) ? pair.key.range?.[0] : offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(name)];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else return offset;
  }
  return offset;
}
