import { applyNftChanges, HostPolicyCompiler } from '@slash32/policy-compiler';
import {
  type DatastoreEvent,
  formatManifest,
  type NftRuleset,
  parseManifests,
  type ResourceKey,
} from '@slash32/shared';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FabricGraph } from '../src/index.ts';
import { wronglyOpen } from './nothing-open.ts';
import { baseResources, HOST_NAME, instance, openGroup } from './resources.ts';

/** How long, and from which seed: `MANIFEST_FUZZ_MS=600000 MANIFEST_FUZZ_SEED=1` for a long or a repeated run. */
const BUDGET_MS = Number(process.env.MANIFEST_FUZZ_MS ?? 5_000);
const SEED = Number(process.env.MANIFEST_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));

const RICH = `apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata: { name: rich }
spec:
  rules:
    - { direction: ingress, ethertype: IPv4, protocol: tcp, ports: 1-1024, remote: { cidr: 10.0.0.0/8 } }
    - { direction: ingress, ethertype: IPv4, protocol: tcp, ports: 22, remote: { group: open } }
    - { direction: ingress, ethertype: IPv6, protocol: icmpv6, icmp: { type: 128, code: 0 } }
    - { direction: egress, ethertype: IPv4, remote: { addressGroup: offices } }
---
apiVersion: slash32.dev/v1
kind: AddressGroup
metadata: { name: offices }
spec: { cidrs: [192.0.2.0/24, 198.51.100.0/24] }
---
apiVersion: slash32.dev/v1
kind: Instance
metadata: { name: router }
spec:
  host: ${HOST_NAME}
  interface: tap8
  mac: "52:54:00:00:00:08"
  network: private
  addresses: [10.70.0.8]
  securityGroups: [rich]
  allowedAddressPairs: [{ cidr: 10.70.1.0/24 }]
`;

const MANIFESTS: readonly string[] = [
  ...[...baseResources(), openGroup('other', [22]), ...[2, 3, 4, 5].map((number) => instance(number))].map((resource) =>
    formatManifest(resource),
  ),
  ...RICH.split('---\n'),
];

/** Words of manifests, right ones in wrong places among them. */
const WORDS = [
  ...['', 'null', '~', '[]', '{}', '{', '- -', '&a', '*a', '!!js/function x', '-1', '0', '65536', '1e999', 'true', '"'],
  ...['10.70.0.2', '10.70.0.3', '10.70.0.1', '0.0.0.0/0', '::/0', '10.70.0.2/33', '2001:db8:70::2', '::ffff:10.70.0.2'],
  ...[
    'tap2',
    'tap3',
    'eth0',
    'lo',
    'tap2" : accept',
    'private',
    'open',
    'other',
    'rich',
    'missing',
    '../../x',
    'a/b/c',
  ],
  ...[
    '52:54:00:00:00:02',
    'ff:ff:ff:ff:ff:ff',
    'compute-b1',
    HOST_NAME,
    'ingress',
    'tcp',
    'icmp',
    '\u0000',
    '\t',
    '🙂',
  ],
];

interface Mutation {
  readonly kind: 'word' | 'cut' | 'repeat' | 'drop-line' | 'repeat-line' | 'truncate';
  readonly at: number;
  readonly length: number;
  readonly word: string;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('word', 'word', 'word', 'word', 'cut', 'repeat', 'drop-line', 'repeat-line', 'truncate'),
  at: fc.nat(2_000),
  length: fc.integer({ min: 1, max: 12 }),
  word: fc.constantFrom(...WORDS),
});

function mutate(text: string, { kind, at, length, word }: Mutation): string {
  const index = at % Math.max(1, text.length);
  const lines = text.split('\n');
  const line = at % lines.length;
  switch (kind) {
    case 'word': {
      const values = [...text.matchAll(/[\w.:/-]+/g)];
      const value = values[at % Math.max(1, values.length)];
      if (value === undefined) return word;
      return text.slice(0, value.index) + word + text.slice(value.index + value[0].length);
    }
    case 'cut':
      return text.slice(0, index) + text.slice(index + length);
    case 'repeat':
      return text.slice(0, index + length) + text.slice(index);
    case 'drop-line':
      return lines.toSpliced(line, 1).join('\n');
    case 'repeat-line':
      return lines.toSpliced(line, 0, lines[line] ?? '').join('\n');
    case 'truncate':
      return text.slice(0, index);
    default:
      return kind satisfies never;
  }
}

type Step = { readonly texts: readonly string[] } | { readonly forget: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .array(
        fc
          .tuple(fc.constantFrom(...MANIFESTS), fc.array(mutation, { maxLength: 3 }))
          .map(([text, mutations]) => mutations.reduce(mutate, text)),
        { minLength: 1, maxLength: 5 },
      )
      .map((texts) => ({ texts })),
  },
  { weight: 1, arbitrary: fc.nat(100).map((forget) => ({ forget })) },
);

function eventsOf(some: Step, known: Set<ResourceKey>): DatastoreEvent[] {
  if ('forget' in some) {
    const key = [...known][some.forget % Math.max(1, known.size)];
    if (key === undefined) return [];
    known.delete(key);
    return [{ type: 'delete', key }];
  }
  const { manifests } = parseManifests({ file: 'fuzz.yaml', text: some.texts.join('\n---\n') });
  return manifests.map(({ key, resource }) => {
    known.add(key);
    return { type: 'put', entry: { key, resource, revision: '1' } };
  });
}

it(
  'no manifest, valid, broken or cut off, makes the agent’s graph or compiler throw, or opens what is not open',
  () => {
    const deadline = performance.now() + BUDGET_MS;
    let states = 0;
    const seen = { open: 0, closed: 0 };
    const property = fc.property(fc.array(step, { minLength: 1, maxLength: 15 }), (steps) => {
      const graph = new FabricGraph(HOST_NAME);
      using compiler = new HostPolicyCompiler(graph.model, HOST_NAME);
      const known = new Set<ResourceKey>();
      let kernel: NftRuleset = new Map();
      for (const some of [{ texts: MANIFESTS }, ...steps]) {
        graph.apply(eventsOf(some, known), 0);
        graph.takeEndpointChanges(0);
        kernel = applyNftChanges(kernel, compiler.flush().changes);
        expect(wronglyOpen(graph.model, HOST_NAME, kernel)).toEqual([]);
        states += 1;
        for (const { state } of graph.model.instances()) seen[state] += 1;
      }
    });
    fc.assert(property, {
      seed: SEED,
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: Math.max(1, deadline - performance.now()),
      markInterruptAsFailure: false,
    });
    process.stderr.write(
      `manifest fuzz: seed ${SEED}, ${states} states, ${seen.open} open and ${seen.closed} closed instances in them\n`,
    );
    expect(Math.min(seen.open, seen.closed)).toBeGreaterThan(0);
  },
  BUDGET_MS + 20_000,
);

it('would notice a tap that stays open', () => {
  const graph = new FabricGraph(HOST_NAME);
  using compiler = new HostPolicyCompiler(graph.model, HOST_NAME);
  graph.apply(eventsOf({ texts: MANIFESTS }, new Set()), 0);
  const kernel = applyNftChanges(new Map(), compiler.flush().changes);
  expect(wronglyOpen(graph.model, HOST_NAME, kernel)).toEqual([]);
  graph.apply([{ type: 'delete', key: 'Network/private' }], 0);
  const wrong = wronglyOpen(graph.model, HOST_NAME, kernel);
  expect(wrong).toEqual(
    expect.arrayContaining([
      'elements of tap2',
      'to default/vm2 10.70.0.2',
      'from default/vm2 10.70.0.2',
      'from default/vm2 2001:db8:70::2',
    ]),
  );
});
