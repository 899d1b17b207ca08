import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Drawing } from '../src/reach/drawing.ts';
import { dotText, drawingOf, foldTwins, svgText } from '../src/reach/drawings.ts';

const NAMES = ['t/a', 't/b', 't/c', 't/d', 't/e'] as const;
const edgesOf = fc.uniqueArray(
  fc
    .record({
      source: fc.constantFrom(...NAMES, 'internet'),
      destination: fc.constantFrom(...NAMES, 'internet'),
      labels: fc.constantFrom([], ['tcp 1'], ['tcp 1', 'udp 2']),
    })
    .filter(({ source, destination }) => source !== destination),
  { selector: ({ source, destination }) => `${source} ${destination}`, maxLength: 24 },
);

const drawings = edgesOf.map(
  (edges): Drawing => ({
    nodes: [
      ...NAMES.map((name) => ({ name, members: [name], kind: 'instance' as const })),
      { name: 'internet', members: ['internet'], kind: 'outside' as const },
    ],
    edges,
  }),
);

/** Every edge between members, as the folded drawing means it. */
function unfold({ nodes, edges }: Drawing): string[] {
  const members = new Map(nodes.map((node) => [node.name, node.members]));
  return edges
    .flatMap(({ source, destination, labels }) =>
      (members.get(source) ?? []).flatMap((from) =>
        (members.get(destination) ?? [])
          .filter((to) => to !== from)
          .map((to) => `${from} ${to} ${JSON.stringify(labels)}`),
      ),
    )
    .sort();
}

describe('foldTwins', () => {
  it('says the same as the whole drawing', () => {
    fc.assert(
      fc.property(drawings, (drawing) => {
        const folded = foldTwins(drawing);
        expect(unfold(folded)).toEqual(unfold(drawing));
        expect(folded.nodes.flatMap(({ members }) => members).sort()).toEqual([...NAMES, 'internet'].sort());
      }),
      { numRuns: 500 },
    );
  });

  it('folds a circle in which all reach each other', () => {
    const pairs = NAMES.flatMap((source) =>
      NAMES.filter((name) => name !== source).map((destination) => ({ source, destination, labels: ['tcp 1'] })),
    );
    const folded = foldTwins({
      nodes: NAMES.map((name) => ({ name, members: [name], kind: 'instance' })),
      edges: pairs,
    });
    expect(folded.nodes).toEqual([{ name: 't/a', members: [...NAMES], kind: 'instance' }]);
    expect(folded.edges).toEqual([{ source: 't/a', destination: 't/a', labels: ['tcp 1'] }]);
  });
});

describe('drawings', () => {
  const drawing = drawingOf({
    records: [
      {
        source: { name: '<x>&"y"\\' },
        destination: { name: 't/a', instance: 't/a' },
        family: 4,
        services: [],
        text: `tcp ${Array.from({ length: 40 }, (_, port) => port).join(', ')}`,
      },
    ],
    dropped: [{ source: 't/a', destination: 't/b' }],
    instances: new Map([
      ['t/a', undefined],
      ['t/b', 'not filtered'],
    ]),
  });

  it('escape what they say', () => {
    const svg = svgText(drawing);
    expect(svg).toContain('&lt;x&gt;&amp;&quot;y&quot;\\');
    expect(svg).not.toContain('<x>');
    expect(dotText(drawing)).toContain('"<x>&\\"y\\"\\\\" -> "t/a"');
  });

  it('are well formed: every element is closed, in order', () => {
    fc.assert(
      fc.property(drawings, (some) => {
        const open: string[] = [];
        for (const [, close, name = '', empty] of svgText(some).matchAll(/<(\/)?([a-z]+)[^<>]*?(\/)?>/g)) {
          if (close !== undefined) expect(open.pop()).toBe(name);
          else if (empty === undefined) open.push(name);
        }
        expect(open).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('shorten what is long, and keep it in the tooltip; red and dashed is what drops', () => {
    const svg = svgText(drawing);
    expect(svg).toMatch(/>tcp 0, 1, [^<]*…<title>tcp 0, 1, .*38, 39<\/title>/);
    expect(svg).toMatch(/stroke="#cf222e" stroke-dasharray="6 4".*<title>t\/a → t\/b: nothing<\/title>/);
    expect(svg).toContain('(not filtered)');
  });

  it('put no box on another', () => {
    fc.assert(
      fc.property(drawings, (some) => {
        const boxes = [...svgText(some).matchAll(/<rect x="(\d+)" y="(\d+)" width="\d+" height="(\d+)" rx/g)].map(
          ([, x, y, height]) => ({ x: Number(x), top: Number(y), bottom: Number(y) + Number(height) }),
        );
        for (const box of boxes) {
          for (const other of boxes) {
            if (box === other || box.x !== other.x) continue;
            expect(box.bottom < other.top || other.bottom < box.top).toBe(true);
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});
