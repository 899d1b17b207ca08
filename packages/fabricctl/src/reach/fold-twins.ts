import type { Drawing, DrawingEdge, DrawingNode } from './drawing.ts';

/**
 * One node for all instances with the same flows from and to everybody else, and each other. That is an equivalence,
 * so the drawing says as much as before: an edge to a folded node is one to each of its members, an edge from it to
 * itself is one between any two of them.
 */
export function foldTwins({ nodes, edges }: Drawing): Drawing {
  const table = new EdgeTable(edges);
  const groups: DrawingNode[][] = [];
  for (const node of nodes) {
    const group = groups.find(([first]) => first !== undefined && table.areTwins(first, node));
    if (group === undefined) groups.push([node]);
    else group.push(node);
  }
  const representative = new Map(groups.flatMap((group) => group.map(({ name }) => [name, group[0]?.name ?? name])));
  const isFolded = new Set(groups.filter(({ length }) => length > 1).map(([first]) => first?.name));
  const folded = new Map<string, DrawingEdge>();
  for (const edge of edges) {
    const source = representative.get(edge.source) ?? edge.source;
    const destination = representative.get(edge.destination) ?? edge.destination;
    if (source === destination && !isFolded.has(source)) continue;
    folded.set(JSON.stringify([source, destination]), { ...edge, source, destination });
  }
  return {
    nodes: groups.flatMap(([first, ...others]) =>
      first === undefined ? [] : [{ ...first, members: [first, ...others].flatMap(({ members }) => members) }],
    ),
    edges: [...folded.values()],
  };
}

/** What passes between two nodes, as text that can be compared. */
class EdgeTable {
  readonly #out = new Map<string, Map<string, string>>();
  readonly #in = new Map<string, Map<string, string>>();

  constructor(edges: readonly DrawingEdge[]) {
    for (const { source, destination, labels } of edges) {
      const text = JSON.stringify(labels);
      entry(this.#out, source).set(destination, text);
      entry(this.#in, destination).set(source, text);
    }
  }

  areTwins(left: DrawingNode, right: DrawingNode): boolean {
    if (left.kind !== 'instance' || right.kind !== 'instance' || left.note !== right.note) return false;
    const [there, back] = [this.#between(left, right), this.#between(right, left)];
    return there === back && this.#areAlike(this.#out, left, right) && this.#areAlike(this.#in, left, right);
  }

  #between(source: DrawingNode, destination: DrawingNode): string | undefined {
    return this.#out.get(source.name)?.get(destination.name);
  }

  /** Towards everybody but the two. */
  #areAlike(side: ReadonlyMap<string, ReadonlyMap<string, string>>, left: DrawingNode, right: DrawingNode): boolean {
    const [one, other] = [side.get(left.name) ?? NO_EDGES, side.get(right.name) ?? NO_EDGES];
    if (one.size !== other.size) return false;
    for (const [name, text] of one) if (name !== right.name && other.get(name) !== text) return false;
    return true;
  }
}

const NO_EDGES: ReadonlyMap<string, string> = new Map();

function entry(side: Map<string, Map<string, string>>, name: string): Map<string, string> {
  const edges = side.get(name) ?? new Map<string, string>();
  side.set(name, edges);
  return edges;
}
