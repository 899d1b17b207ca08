import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { editDistance, nearestName, parseManifests } from '../../src/index.ts';
import { splitDocuments } from '../../src/manifests/document-chunks.ts';

const HEAD = 'apiVersion: slash32.dev/v1\nkind: Host\n';
const host = (name: string): string => `${HEAD}metadata: { name: ${name} }\nspec: { address: 192.0.2.1 }\n`;

/** `LINE:COLUMN CODE MESSAGE` of every problem. */
function problemsOf(text: string): string[] {
  return parseManifests({ file: 'f.yaml', text }).problems.map(
    ({ line, column, code, message }) => `${line}:${column} ${code} ${message}`,
  );
}

describe('documents', () => {
  test('each is read by itself, with the line it starts at', () => {
    const text = `# head\n\n${host('a')}---\n# about b\n${host('b')}...\n--- # c\n${host('c')}---\n---\n# only a comment\n`;
    const { manifests, problems } = parseManifests({ file: 'f.yaml', text });
    expect(problems).toEqual([]);
    expect(manifests.map(({ key, origin }) => [key, origin.line])).toEqual([
      ['Host/a', 3],
      ['Host/b', 9],
      ['Host/c', 15],
    ]);
  });

  test('JSON, carriage returns and a byte order mark are read', () => {
    const json = JSON.stringify({
      apiVersion: 'slash32.dev/v1',
      kind: 'Host',
      metadata: { name: 'j' },
      spec: { address: '192.0.2.1' },
    });
    const { manifests, problems } = parseManifests(
      { file: 'j.yaml', text: json },
      { file: 'w.yaml', text: `\ufeff${host('w')}---\n${host('x')}`.replaceAll('\n', '\r\n') },
    );
    expect(problems).toEqual([]);
    expect(manifests.map(({ key }) => key)).toEqual(['Host/j', 'Host/w', 'Host/x']);
  });

  test('an empty file is no problem', () => {
    expect(parseManifests({ file: 'f.yaml', text: '' }, { file: 'g.yaml', text: '# nothing\n' })).toEqual({
      manifests: [],
      problems: [],
    });
  });

  test('chunks joined are the text, and lines are counted right', () => {
    const line = fc.constantFrom('---', '...', 'a: b', '# c', '', '--- x', '----', '...x', ' ---', '%YAML 1.2', 'k: |');
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom('\n', '\r\n'), fc.boolean(), (lines, newline, last) => {
        const text = lines.join(newline) + (last ? newline : '');
        const chunks = splitDocuments(text);
        expect(chunks.map((chunk) => chunk.text).join('')).toBe(text);
        for (const chunk of chunks) {
          expect(text.slice(chunk.offset, chunk.offset + chunk.text.length)).toBe(chunk.text);
          expect(chunk.line).toBe(text.slice(0, chunk.offset).split('\n').length);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('any text gives manifests and problems, never an exception', () => {
    const piece = fc.constantFrom(
      'apiVersion: slash32.dev/v1\n',
      'kind: Host\n',
      'kind: [\n',
      'metadata: &a { name: x }\n',
      'spec: *a\n',
      '---\n',
      '\t',
      '"',
      'x: ',
      '- ',
      '<<: *b\n',
      '!!tag ',
      '\0',
      '{',
      '__proto__: { a: 1 }\n',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 12 }), (pieces) => {
        const { problems } = parseManifests({ file: 'f.yaml', text: pieces.join('') });
        for (const problem of problems) expect(problem.line).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});

describe('problems', () => {
  test('are told in one place: the YAML library writes nothing of a manifest to standard error', () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    try {
      expect(problemsOf(`${HEAD}metadata: { [s3cret]: a }\nspec: {}\n`)).not.toEqual([]);
      expect(emitWarning).not.toHaveBeenCalled();
    } finally {
      emitWarning.mockRestore();
    }
  });

  test.each([
    [
      'an unknown field, with what was meant',
      `${HEAD}metadata: { name: a }\nspec:\n  adress: 192.0.2.1\n  address: 192.0.2.1\n`,
      ['5:3 manifest.unknown-field unknown field `spec.adress`; did you mean `address`?'],
    ],
    [
      'an unknown field, with what there is',
      `${HEAD}metadata: { name: a, zzz: 1 }\nspec: { address: 192.0.2.1 }\n`,
      ['3:22 manifest.unknown-field unknown field `metadata.zzz`; known here: name, labels, creationTimestamp'],
    ],
    [
      'a missing field, at the mapping it belongs to',
      `${HEAD}metadata:\n  name: a\nspec:\n  asNumber: 64512\n`,
      ['5:1 manifest.missing-field `spec.address` is missing; it must be a text'],
    ],
    [
      'a missing spec',
      `${HEAD}metadata: { name: a }\n`,
      ['1:1 manifest.missing-field `spec` is missing; it must be a mapping'],
    ],
    [
      'a wrong type that quotes would heal',
      `${HEAD}metadata: { name: a, labels: { rack: 1 } }\nspec: { address: 192.0.2.1 }\n`,
      ['3:38 manifest.invalid-field `metadata.labels.rack` must be a text, not the number 1; put it in quotes'],
    ],
    [
      'an empty value',
      `${HEAD}metadata: { name: a }\nspec:\n  address:\n`,
      ['5:11 manifest.invalid-field `spec.address` is empty; give it a value or leave it out'],
    ],
    [
      'a list where a mapping belongs',
      `${HEAD}metadata: [a]\nspec: { address: 192.0.2.1 }\n`,
      ['3:11 manifest.invalid-field `metadata` must be a mapping, not a list'],
    ],
    [
      'an impossible label name',
      `${HEAD}metadata: { name: a, labels: { "ü": x } }\nspec: { address: 192.0.2.1 }\n`,
      ['3:37 manifest.invalid-field `metadata.labels["ü"]`: label names: letters, digits, "_", ".", "/", "-"'],
    ],
    [
      'several at once, in order of lines',
      `${HEAD}metadata: { name: A }\nspec:\n  routerId: 1\n  address: x\n`,
      [
        '3:19 manifest.invalid-field `metadata.name` must be a DNS label: 1–63 of a–z, 0–9 and "-", starting and ending with a letter or digit',
        '5:13 manifest.invalid-field `spec.routerId` must be a text, not the number 1; put it in quotes',
        '6:12 manifest.invalid-field `spec.address`: "x" is not an IP address; write it like 192.0.2.1 or 2001:db8::1',
      ],
    ],
    [
      'a mistyped kind',
      'apiVersion: slash32.dev/v1\nkind: Intsance\n',
      ['2:7 manifest.unknown-kind kind "Intsance" is unknown; did you mean Instance?'],
    ],
    [
      'a foreign kind',
      'apiVersion: v1\nkind: Pod\n',
      [
        '2:7 manifest.unknown-kind kind "Pod" is unknown; use one of FabricConfiguration, Host, Network, Instance, SecurityGroup, AddressGroup, BGPPeer, RoutePolicy',
      ],
    ],
    [
      'no kind',
      '\na: 1\n',
      [expect.stringMatching(/^2:1 manifest.missing-field `kind` is missing; write one of Fabric/)],
    ],
    [
      'no apiVersion',
      'kind: Host\n',
      ['1:1 manifest.missing-field `apiVersion` is missing; write apiVersion: slash32.dev/v1'],
    ],
    [
      'a wrong apiVersion',
      'kind: Host\napiVersion: v1\n',
      ['2:13 manifest.unknown-api-version apiVersion "v1" is unknown; write slash32.dev/v1'],
    ],
    [
      'no mapping',
      'just text\n',
      ['1:1 manifest.not-a-resource a document must be a mapping with apiVersion, kind, metadata and spec'],
    ],
    [
      'a duplicate key',
      `${host('a')}---\nkind: Host\nkind: Host\n`,
      ['7:1 manifest.duplicate-key this field is in the mapping already; keep one of the two'],
    ],
    [
      'a tab',
      `${host('a')}---\nkind: Host\nspec:\n\taddress: x\n`,
      ['8:1 manifest.tab YAML cannot be indented with tabs; use spaces'],
    ],
    ['broken syntax', 'kind: [Host\n', [expect.stringMatching(/^2:1 manifest.syntax not YAML: /)]],
  ])('%s', (_name, text, expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });

  test('carry file, path and key for programs', () => {
    const { problems } = parseManifests({
      file: 'f.yaml',
      text: `${HEAD}metadata: { name: a }\nspec: { address: 1.2.3.4, x: 1 }\n`,
    });
    expect(problems).toMatchObject([{ file: 'f.yaml', path: 'spec.x', key: 'Host/a' }]);
  });

  test('a resource that is there twice is a problem at the second place, in one file and in several', () => {
    const { manifests, problems } = parseManifests(
      { file: 'a.yaml', text: `${host('x')}---\n${host('x')}` },
      { file: 'b.yaml', text: host('x') },
    );
    expect(manifests).toHaveLength(1);
    const message = 'Host/x is defined at a.yaml:1 already, which counts; delete one of the two';
    expect(problems).toEqual([
      { code: 'manifest.duplicate-resource', file: 'a.yaml', line: 6, key: 'Host/x', message },
      { code: 'manifest.duplicate-resource', file: 'b.yaml', line: 1, key: 'Host/x', message },
    ]);
  });

  test('a bomb of aliases is refused', () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) =>
        `l${level}: &l${level} [${Array(10)
          .fill(level === 0 ? 'x' : `*l${level - 1}`)
          .join(', ')}]`,
    );
    expect(problemsOf(levels.join('\n'))).toEqual([expect.stringContaining('manifest.syntax')]);
  });
});

describe('nearestName', () => {
  test.each([
    ['adresses', 'addresses'],
    ['securitygroups', 'securityGroups'],
    ['prots', 'ports'],
    ['zzz', undefined],
    ['', undefined],
  ])('%j was meant to be %j', (name, expected) => {
    expect(nearestName(name, ['addresses', 'securityGroups', 'ports'])).toBe(expected);
  });

  test('editDistance is a distance', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 6 });
    fc.assert(
      fc.property(word, word, (left, right) => {
        expect(editDistance(left, right)).toBe(editDistance(right, left));
        expect(editDistance(left, left)).toBe(0);
        expect(editDistance(left, right)).toBeGreaterThanOrEqual(Math.abs(left.length - right.length));
        expect(editDistance(left, right)).toBeLessThanOrEqual(Math.max(left.length, right.length));
      }),
    );
    expect(editDistance('ab', 'ba')).toBe(1);
  });
});
