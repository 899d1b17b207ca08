import fc from 'fast-check';
import { encodeOpen } from '../../src/codec/index.ts';
import { opens } from '../codec/arbitraries.ts';
import { hex, message, PLAIN, toHex, update } from '../codec/message-fixtures.ts';
import { OWN_VECTORS } from '../vectors/own-vectors.ts';
import { AUTHORED } from '../vectors/vector.ts';
import { mutate, mutations } from './mutations.ts';

/** What the fuzzer does next. Plain JSON, so that a failing run can be kept and played again. */
export type Step =
  /** The victim's peer sends octets, in hexadecimal, in pieces of `piece` octets (0: at once). */
  | { readonly op: 'send'; readonly octets: string; readonly piece: number }
  /** It calls, in place of the connection that there is or beside it, and says this first. */
  | { readonly op: 'call'; readonly open: string }
  | { readonly op: 'hang-up' }
  | { readonly op: 'wait'; readonly ms: number }
  /** On the speaker itself. */
  | { readonly op: 'instance'; readonly number: number; readonly present: boolean }
  | { readonly op: 'clear'; readonly soft: 'in' | 'out' | 'hard' }
  /** The healthy peer announces, or withdraws, its own route number `number`. */
  | { readonly op: 'healthy'; readonly number: number; readonly present: boolean };

const SAMPLES: readonly Uint8Array[] = [...AUTHORED, ...OWN_VECTORS]
  .filter(({ phase }) => phase !== 'open')
  .map((vector) => hex(vector.hex));
const OPENS: readonly Uint8Array[] = [...AUTHORED, ...OWN_VECTORS]
  .filter(({ phase }) => phase === 'open')
  .map((vector) => hex(vector.hex));

/** For sessions of each kind: with Path Identifiers or without, with LOCAL_PREF (iBGP) or without. */
const sound = fc
  .record({
    first: fc.integer({ min: 0, max: 250 }),
    count: fc.integer({ min: 1, max: 40 }),
    withdraw: fc.boolean(),
    pathId: fc.constantFrom('', '00000001', '00000002'),
    localPref: fc.constantFrom('', '40050400000064'),
  })
  .map(({ first, count, withdraw, pathId, localPref }) => {
    const prefixes = Array.from({ length: count }, (_, index) => {
      const last = (first + index) % 256;
      return `${pathId}200ac900${last.toString(16).padStart(2, '0')}`;
    }).join('');
    return withdraw ? update({ withdrawn: prefixes }) : update({ attributes: PLAIN + localPref, nlri: prefixes });
  });

/** An attribute that few messages have room for. */
const long = fc
  .record({ length: fc.integer({ min: 3900, max: 9000 }), localPref: fc.constantFrom('', '40050400000064') })
  .map(({ length, localPref }) => {
    const attribute = `d0ff${length.toString(16).padStart(4, '0')}${'ab'.repeat(length)}`;
    return update({ attributes: PLAIN + localPref + attribute, nlri: '200ac900ff' });
  });

const raw = fc
  .tuple(fc.constantFrom(0, 1, 2, 2, 2, 3, 4, 5, 6, 255), fc.uint8Array({ maxLength: 120 }))
  .map(([type, body]) => message(type, body));

const damaged = fc
  .tuple(fc.oneof(fc.constantFrom(...SAMPLES), sound), mutations, fc.nat(9))
  .map(([sample, changes, chance]) => mutate(sample, changes, chance > 0));

/** Two messages in one: the second begins in the same chunk. */
const octets: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 4, arbitrary: damaged },
  { weight: 3, arbitrary: sound },
  { weight: 3, arbitrary: fc.constantFrom(...SAMPLES) },
  { weight: 1, arbitrary: long },
  { weight: 1, arbitrary: raw },
  { weight: 1, arbitrary: fc.tuple(sound, damaged).map(([left, right]) => Uint8Array.of(...left, ...right)) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 40 }) },
);

const open = fc.oneof(
  { weight: 6, arbitrary: fc.constant(new Uint8Array(0)) },
  { weight: 2, arbitrary: fc.constantFrom(...OPENS) },
  { weight: 1, arbitrary: opens.map((one) => encodeOpen(one)) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...OPENS), mutations).map(([one, how]) => mutate(one, how, true)) },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 14,
    arbitrary: fc
      .tuple(octets, fc.constantFrom(0, 0, 0, 1, 7, 19))
      .map(([one, piece]): Step => ({ op: 'send', octets: toHex(one), piece })),
  },
  { weight: 2, arbitrary: open.map((one): Step => ({ op: 'call', open: toHex(one) })) },
  { weight: 1, arbitrary: fc.constant<Step>({ op: 'hang-up' }) },
  { weight: 1, arbitrary: fc.constantFrom(1, 20, 1000, 70_000).map((ms): Step => ({ op: 'wait', ms })) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant('instance' as const), number: fc.nat(3), present: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('clear' as const),
      soft: fc.constantFrom('in' as const, 'out' as const, 'hard' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant('healthy' as const), number: fc.nat(9), present: fc.boolean() }),
  },
);

/** What the speaker is to its peers. */
export interface Variant {
  readonly role: 'host' | 'route-server' | 'route-reflector';
  readonly addPaths: boolean;
}

export interface Run {
  readonly variant: Variant;
  readonly steps: readonly Step[];
}

export const runs: fc.Arbitrary<Run> = fc.record({
  variant: fc.record({
    role: fc.constantFrom('host' as const, 'route-server' as const, 'route-reflector' as const),
    addPaths: fc.boolean(),
  }),
  steps: fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }),
});
