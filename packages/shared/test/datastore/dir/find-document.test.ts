import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findDocument } from '../../../src/datastore/dir/find-document.ts';
import { readManifestFile } from '../../../src/datastore/dir/manifest-file.ts';
import type { ResourceKey } from '../../../src/index.ts';

const NAMES = ['a', 'a-1', '1', 'Host', 'host'];

/** One scalar in ways that YAML has for it. */
const spelled = (text: string): fc.Arbitrary<string> =>
  fc.constantFrom(
    `"${text}"`,
    `'${text}'`,
    `!!str ${text}`,
    `&n "${text}"`,
    `"${[...text].map((letter) => `\\x${letter.charCodeAt(0).toString(16)}`).join('')}"`,
    `"${text.slice(0, 1)}\\\n  ${text.slice(1)}"`,
  );

const document = fc
  .record({
    kind: fc.constantFrom('Host', 'Network'),
    name: fc.constantFrom(...NAMES),
    octet: fc.integer({ min: 1, max: 2 }),
  })
  .chain(({ kind, name, octet }) =>
    fc
      .tuple(spelled(kind), spelled(name), fc.boolean())
      .map(
        ([kindText, nameText, faulty]) =>
          `apiVersion: slash32.dev/v1\nkind: ${kindText}\nmetadata:\n  name: ${nameText}\nspec: ${
            faulty
              ? '{ wrong: 1 }'
              : kind === 'Host'
                ? `{ address: 192.0.2.${octet} }`
                : '{ pools: [{ cidr: 10.0.0.0/8 }] }'
          }\n`,
      ),
  );
const noise = fc.constantFrom('# Host a\n', 'kind: [\n', 'Host: a\n', '{}\n', '\n');
const file = fc.array(fc.oneof({ weight: 4, arbitrary: document }, { weight: 1, arbitrary: noise }), { maxLength: 5 });

test('finds what reading the whole file finds, however names are written', () => {
  fc.assert(
    fc.property(file, fc.constantFrom('Host', 'Network'), fc.constantFrom(...NAMES), (documents, kind, name) => {
      const text = documents.join('---\n');
      const key: ResourceKey = `${kind === 'Host' ? 'Host' : 'Network'}/${name}`;
      const whole = readManifestFile('f.yaml', text);
      const found = findDocument('f.yaml', text, key);
      expect(found?.entry).toEqual(whole.entries.get(key));
      if (found !== undefined) expect(text.startsWith(found.chunk.text, found.chunk.offset)).toBe(true);
      if (found === undefined) expect(whole.problems.filter((problem) => problem.key === key)).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
});
