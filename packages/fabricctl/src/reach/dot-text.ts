import { type Drawing, type DrawingEdge, type DrawingNode, titleLines } from './drawing.ts';

/** Graphviz's language, for `dot -Tsvg` and whatever else reads it. */
export function dotText({ nodes, edges }: Drawing): string {
  return [
    'digraph reachability {',
    '  rankdir=LR;',
    '  node [shape=box, style=rounded, fontname="sans-serif", fontsize=11];',
    '  edge [fontname="sans-serif", fontsize=9];',
    ...nodes.map((node) => `  ${nodeLine(node)}`),
    ...edges.map((edge) => `  ${edgeLine(edge)}`),
    '}',
    '',
  ].join('\n');
}

function nodeLine(node: DrawingNode): string {
  const shape = node.kind === 'outside' ? ', shape=ellipse, style=solid' : '';
  const tooltip = node.members.length > 1 ? `, tooltip=${quoted(node.members.join(', '))}` : '';
  return `${quoted(node.name)} [label=${quoted(titleLines(node).join('\n'))}${shape}${tooltip}];`;
}

function edgeLine({ source, destination, labels }: DrawingEdge): string {
  const ends = `${quoted(source)} -> ${quoted(destination)}`;
  return labels.length === 0
    ? `${ends} [color="#cf222e", style=dashed, arrowhead=tee];`
    : `${ends} [color="#1a7f37", label=${quoted(labels.join('\n'))}];`;
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
