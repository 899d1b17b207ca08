import { type Drawing, type DrawingEdge, type DrawingNode, titleLines } from './drawing.ts';

const MARGIN = 24;
const HEAD_HEIGHT = 40;
const TITLE_HEIGHT = 17;
/** Above and below the text of a box. */
const EDGE = 6;
const ROW_HEIGHT = 19;
const GAP = 14;
const PADDING = 12;
/** Room for the lines between the columns. */
const MIDDLE = 260;
/** Width of a bold letter of the font at 12 px, on average; boxes are sized by it. */
const LETTER = 7.6;
/** Longer labels are shortened; all of it is in the tooltip. */
const LONGEST_LABEL = 60;

const GREEN = '#1a7f37';
const RED = '#cf222e';

/** A place where lines end: one kind of flow into a box. */
interface Row {
  readonly label: string;
  readonly isDrop: boolean;
  readonly sources: readonly string[];
}

interface Box {
  readonly node: DrawingNode;
  readonly titles: readonly string[];
  readonly rows: readonly Row[];
  readonly height: number;
  top: number;
}

/**
 * Two columns: who sends, who receives. A receiver has a row per kind of flow, so that labels stand in boxes and never on
 * lines. Senders are ordered by where their lines go. Complete in itself: no script, no style sheet, no font.
 */
export function svgText(drawing: Drawing): string {
  const receivers = receiverBoxes(drawing);
  const senders = senderBoxes(drawing, receivers);
  const [sendersHeight, receiversHeight] = [stackHeight(senders), stackHeight(receivers)];
  const inner = Math.max(sendersHeight, receiversHeight, ROW_HEIGHT);
  place(receivers, MARGIN + HEAD_HEIGHT + (inner - receiversHeight) / 2);
  place(senders, MARGIN + HEAD_HEIGHT + (inner - sendersHeight) / 2);
  const sendersWidth = columnWidth(senders);
  const receiversWidth = columnWidth(receivers);
  const receiversLeft = MARGIN + sendersWidth + MIDDLE;
  const width = receiversLeft + receiversWidth + MARGIN;
  const height = inner + 2 * MARGIN + HEAD_HEIGHT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Helvetica, Arial, sans-serif" font-size="12" role="img">`,
    '<title>Who can reach whom</title>',
    '<defs>',
    marker('allowed', GREEN),
    marker('dropped', RED),
    '</defs>',
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    heading(MARGIN, 'from'),
    heading(receiversLeft, 'to, and what passes'),
    ...lines(senders, receivers, MARGIN + sendersWidth, receiversLeft),
    ...senders.map((box) => boxText(box, MARGIN, sendersWidth)),
    ...receivers.map((box) => boxText(box, receiversLeft, receiversWidth)),
    '</svg>',
    '',
  ].join('\n');
}

function receiverBoxes({ nodes, edges }: Drawing): readonly Box[] {
  const incoming = Map.groupBy(edges, ({ destination }) => destination);
  return nodes.flatMap((node) => {
    const rows = rowsOf(incoming.get(node.name) ?? []);
    return rows.length === 0 ? [] : [boxOf(node, rows)];
  });
}

function boxOf(node: DrawingNode, rows: readonly Row[]): Box {
  const titles = titleLines(node).map(shortened);
  return { node, titles, rows, height: 2 * EDGE + titles.length * TITLE_HEIGHT + rows.length * ROW_HEIGHT, top: 0 };
}

/** Allowed flows by label, then what drops. */
function rowsOf(edges: readonly DrawingEdge[]): readonly Row[] {
  const sources = new Map<string, string[]>();
  for (const { source, labels } of edges) {
    for (const label of labels) sources.set(label, [...(sources.get(label) ?? []), source]);
  }
  const dropped = edges.filter(({ labels }) => labels.length === 0).map(({ source }) => source);
  const allowed = [...sources].map(([label, from]): Row => ({ label, isDrop: false, sources: from }));
  return dropped.length === 0 ? allowed : [...allowed, { label: 'nothing', isDrop: true, sources: dropped }];
}

/** Everybody else who sends, or has no line at all, ordered by the mean place of what they reach. */
function senderBoxes({ nodes, edges }: Drawing, receivers: readonly Box[]): readonly Box[] {
  const places = new Map(receivers.map(({ node }, index) => [node.name, index]));
  const outgoing = Map.groupBy(edges, ({ source }) => source);
  const meanPlace = (name: string): number => {
    const targets = (outgoing.get(name) ?? []).map(({ destination }) => places.get(destination) ?? 0);
    return targets.length === 0
      ? Number.MAX_SAFE_INTEGER
      : targets.reduce((sum, some) => sum + some, 0) / targets.length;
  };
  return nodes
    .filter(({ name }) => outgoing.has(name) || !places.has(name))
    .map((node) => boxOf(node, []))
    .sort((left, right) => meanPlace(left.node.name) - meanPlace(right.node.name));
}

function stackHeight(boxes: readonly Box[]): number {
  return boxes.reduce((sum, { height }) => sum + height, 0) + Math.max(0, boxes.length - 1) * GAP;
}

function place(boxes: readonly Box[], top: number): void {
  let next = Math.round(top);
  for (const box of boxes) {
    box.top = next;
    next += box.height + GAP;
  }
}

function columnWidth(boxes: readonly Box[]): number {
  const texts = boxes.flatMap(({ titles, rows }) => [...titles, ...rows.map(({ label }) => shortened(label))]);
  return Math.max(80, ...texts.map((text) => Math.ceil(text.length * LETTER) + 2 * PADDING));
}

function lines(senders: readonly Box[], receivers: readonly Box[], left: number, right: number): readonly string[] {
  const tops = new Map(senders.map(({ node, top, height }) => [node.name, top + height / 2]));
  return receivers.flatMap((box) =>
    box.rows.flatMap(({ sources, label, isDrop }, index) =>
      sources.flatMap((source) => {
        const from = tops.get(source);
        if (from === undefined) return [];
        const to = rowMiddle(box, index);
        const [bend, end] = [(right - left) / 2, right - 7];
        const curve = `M${left},${from} C${left + bend},${from} ${end - bend},${to} ${end},${to}`;
        const look = isDrop
          ? `stroke="${RED}" stroke-dasharray="6 4" stroke-opacity="0.6" marker-end="url(#dropped)"`
          : `stroke="${GREEN}" marker-end="url(#allowed)"`;
        const title = escaped(`${source} → ${box.node.name}: ${label}`);
        return [`<path d="${curve}" fill="none" stroke-width="1.4" ${look}><title>${title}</title></path>`];
      }),
    ),
  );
}

function rowMiddle({ top, titles }: Box, index: number): number {
  return top + EDGE + titles.length * TITLE_HEIGHT + (index + 0.5) * ROW_HEIGHT;
}

function boxText(box: Box, left: number, width: number): string {
  const { node, titles, rows, height, top } = box;
  const [fill, radius] = node.kind === 'outside' ? ['#ddf4ff', 12] : ['#f6f8fa', 4];
  const heads = titles.map((title, index) => {
    const y = top + EDGE + index * TITLE_HEIGHT + 13;
    return `<text x="${left + PADDING}" y="${y}" font-weight="bold" fill="#1f2328">${escaped(title)}</text>`;
  });
  const texts = rows.map(({ label, isDrop }, index) => {
    const y = rowMiddle(box, index) + 4;
    return `<text x="${left + PADDING}" y="${y}" fill="${isDrop ? RED : GREEN}">${escaped(shortened(label))}<title>${escaped(label)}</title></text>`;
  });
  const members = `<title>${escaped(node.members.join(', '))}</title>`;
  const frame = `<rect x="${left}" y="${top}" width="${width}" height="${height}" rx="${radius}" fill="${fill}" stroke="#8c959f">${members}</rect>`;
  return [frame, ...heads, ...texts].join('\n');
}

function heading(left: number, text: string): string {
  return `<text x="${left}" y="${MARGIN + 14}" fill="#59636e">${text}</text>`;
}

function marker(id: string, color: string): string {
  return `<marker id="${id}" viewBox="0 0 8 8" refX="1" refY="4" markerWidth="6" markerHeight="6" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="${color}"/></marker>`;
}

function shortened(text: string): string {
  return text.length <= LONGEST_LABEL ? text : `${text.slice(0, LONGEST_LABEL - 1)}…`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
