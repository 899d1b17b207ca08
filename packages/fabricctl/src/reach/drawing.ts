import type { FlowRecord } from './flow-record.ts';
import { compareNames, runsOf } from './name-list.ts';

/** Who reaches whom, as something to draw. */
export interface Drawing {
  readonly nodes: readonly DrawingNode[];
  readonly edges: readonly DrawingEdge[];
}

export interface DrawingNode {
  readonly name: string;
  /** Instances that share the node; of a node by itself, its name. */
  readonly members: readonly string[];
  /** `outside`: no instance of ours. */
  readonly kind: 'instance' | 'outside';
  /** What to say below the name: `not filtered`. */
  readonly note?: string;
}

export interface DrawingEdge {
  readonly source: string;
  readonly destination: string;
  /** Empty: nothing passes. */
  readonly labels: readonly string[];
}

export interface DroppedPair {
  readonly source: string;
  readonly destination: string;
}

export interface DrawingInput {
  readonly records: readonly FlowRecord[];
  /** Pairs without any flow that are to be drawn as such. */
  readonly dropped: readonly DroppedPair[];
  /** Instances to draw, with or without flows; name → note. */
  readonly instances: ReadonlyMap<string, string | undefined>;
}

/** Lines of names that a folded node shows. */
const NAMED = 4;

/** The names of a node's members, runs of them as one; of many, the first, and how many there are. */
export function titleLines({ members, note }: DrawingNode): readonly string[] {
  const names = runsOf(members);
  const lines = names.length <= NAMED ? names : [...names.slice(0, NAMED - 1), `… ${members.length} instances in all`];
  return note === undefined ? lines : [...lines, `(${note})`];
}

/** Nodes by name, instances first; one edge per pair, with a label per kind of flow. */
export function drawingOf({ records, dropped, instances }: DrawingInput): Drawing {
  const nodes = new Map<string, DrawingNode>();
  for (const [name, note] of instances) {
    nodes.set(name, { name, members: [name], kind: 'instance', ...(note === undefined ? {} : { note }) });
  }
  const touch = (name: string, isInstance: boolean): void => {
    if (!nodes.has(name)) nodes.set(name, { name, members: [name], kind: isInstance ? 'instance' : 'outside' });
  };
  const bothFamilies = new Set(records.map(({ family }) => family)).size > 1;
  const edges = new Map<string, { source: string; destination: string; families: Map<string, Set<number>> }>();
  for (const { source, destination, family, text } of records) {
    touch(source.name, source.instance !== undefined);
    touch(destination.name, destination.instance !== undefined);
    const key = JSON.stringify([source.name, destination.name]);
    const edge = edges.get(key) ?? { source: source.name, destination: destination.name, families: new Map() };
    edges.set(key, edge);
    edge.families.set(text, (edge.families.get(text) ?? new Set()).add(family));
  }
  for (const { source, destination } of dropped) {
    touch(source, instances.has(source));
    touch(destination, instances.has(destination));
    const key = JSON.stringify([source, destination]);
    if (!edges.has(key)) edges.set(key, { source, destination, families: new Map() });
  }
  return {
    nodes: [...nodes.values()].sort(
      (left, right) => left.kind.localeCompare(right.kind, 'en') || compareNames(left.name, right.name),
    ),
    edges: [...edges.values()].map(({ source, destination, families }) => ({
      source,
      destination,
      labels: [...families].map(([text, which]) =>
        bothFamilies && which.size === 1 ? `${text} (IPv${[...which].join()})` : text,
      ),
    })),
  };
}
