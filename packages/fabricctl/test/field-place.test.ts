import { describe, expect, it } from 'vitest';
import { placeOfField } from '../src/manifest/field-place.ts';

const TEXT = `# first
kind: A
spec:
  list:
    - { x: 1 }
    - y: 2
---
kind: B
spec: { list: [1, 2], name: z }
`;

describe('place of a field', () => {
  it.each([
    [1, 'spec.list[0].x', 5, 9],
    [1, 'spec.list[1].y', 6, 7],
    [2, 'kind', 2, 1],
    [1, 'spec.list[7]', 4, 3],
    [1, 'spec.nothing.here', 3, 1],
    [8, 'spec.list[1]', 9, 19],
    [8, 'spec.name', 9, 23],
    [8, '', 8, 1],
  ])('of the document at line %d, %s', (documentLine, path, line, column) => {
    expect(placeOfField(TEXT, documentLine, path)).toEqual({ line, column });
  });

  it('is unknown where no document is', () => {
    expect(placeOfField(TEXT, 40, 'kind')).toBeUndefined();
  });
});
