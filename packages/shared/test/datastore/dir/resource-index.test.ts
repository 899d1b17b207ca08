import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ManifestFile, readManifestFile } from '../../../src/datastore/dir/manifest-file.ts';
import { ResourceIndex } from '../../../src/datastore/dir/resource-index.ts';

const text = (name: string, octet: number): string =>
  `apiVersion: slash32.dev/v1\nkind: Host\nmetadata: { name: ${name} }\nspec: { address: 192.0.2.${octet} }\n`;

/** A file with some hosts, possibly one twice, possibly a faulty document; or no file. */
const content = fc.option(
  fc
    .array(
      fc.oneof(
        {
          weight: 5,
          arbitrary: fc
            .tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 3 }))
            .map(([name, octet]) => text(name, octet)),
        },
        { weight: 1, arbitrary: fc.constantFrom('kind: [', text('a', 300), 'kind: Pod\n') },
      ),
      { maxLength: 3 },
    )
    .map((documents) => documents.join('---\n')),
  { nil: undefined },
);
const step = fc.dictionary(fc.constantFrom('1.yaml', '2.yaml', 'host/a.yaml', 'x/3.yaml'), content, {
  minKeys: 1,
  noNullPrototype: true,
});

test('incremental equals from scratch, and events add up to the state', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
      const index = new ResourceIndex();
      const files = new Map<string, ManifestFile>();
      const seen = new Map<string, string>();
      let seenProblems: unknown = [];
      for (const changes of steps) {
        const parsed = new Map<string, ManifestFile | undefined>();
        for (const [path, source] of Object.entries(changes)) {
          const file = source === undefined ? undefined : readManifestFile(path, source, files.get(path));
          parsed.set(path, file);
          if (file === undefined) files.delete(path);
          else files.set(path, file);
        }
        for (const event of index.apply(parsed)) {
          if (event.type === 'put') {
            expect(seen.get(event.entry.key)).not.toBe(event.entry.revision);
            seen.set(event.entry.key, event.entry.revision);
          } else if (event.type === 'delete') expect(seen.delete(event.key)).toBe(true);
          else if (event.type === 'problems') seenProblems = event.problems;
        }
        const scratch = new ResourceIndex();
        // In another order, one by one.
        for (const [path, file] of [...files].reverse()) scratch.apply(new Map([[path, file]]));
        expect(index.entries()).toEqual(scratch.entries());
        expect(index.problems).toEqual(scratch.problems);
        expect(seenProblems).toEqual(index.problems);
        expect([...seen].sort()).toEqual(
          index
            .entries()
            .map((entry) => [entry.key, entry.revision])
            .sort(),
        );
      }
    }),
    { numRuns: 200 },
  );
});
