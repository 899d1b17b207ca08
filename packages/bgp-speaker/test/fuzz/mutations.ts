import fc from 'fast-check';

/** One change to the octets of a message. */
export interface Mutation {
  readonly at: number;
  readonly kind: 'set' | 'insert' | 'remove' | 'repeat';
  readonly octet: number;
  readonly count: number;
}

export const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.record<Mutation>({
    at: fc.nat(600),
    kind: fc.constantFrom('set', 'set', 'set', 'insert', 'remove', 'repeat'),
    octet: fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 14, 15, 32, 33, 128, 129, 255), fc.nat(255)),
    count: fc.integer({ min: 1, max: 8 }),
  }),
  { minLength: 1, maxLength: 6 },
);

/** Changes the body of a message and, with `mend`, the length in its header, so that the body gets looked at. */
export function mutate(sample: Uint8Array, changes: readonly Mutation[], mend: boolean): Uint8Array {
  const octets = [...sample];
  for (const { at, kind, octet, count } of changes) {
    const index = Math.min(octets.length, 19 + (at % Math.max(1, octets.length - 19)));
    if (kind === 'set') octets[index] = octet;
    else if (kind === 'insert') octets.splice(index, 0, ...new Array<number>(count).fill(octet));
    else if (kind === 'remove') octets.splice(index, count);
    else octets.splice(index, 0, ...octets.slice(index, index + count * 4));
  }
  if (mend) {
    octets[16] = octets.length >>> 8;
    octets[17] = octets.length & 0xff;
  }
  return Uint8Array.from(octets);
}
