/**
 * Time to read and write a table of 100,000 host routes; run by hand: `node test/codec/codec-throughput.ts [runs]`.
 * Beside it, the same octets read by a loop that checks nothing: what a faster codec could gain at most.
 */
import { performance } from 'node:perf_hooks';
import {
  decodeUpdate,
  initialContext,
  ipv4PrefixKey,
  MessageFramer,
  type PathAttributes,
  type PrefixKey,
  packUpdates,
  prefixKeyFromText,
  type ReachableNlri,
} from '../../src/codec/index.ts';

const ROUTES = 100_000;
const RUNS = Number(process.argv[2] ?? 15);
const context = {
  ...initialContext('ebgp'),
  fourOctetAs: true,
  families: new Set(['ipv4-unicast', 'ipv6-unicast'] as const),
};
const attributes: PathAttributes = { origin: 'igp', asPath: [{ type: 'sequence', asNumbers: [65_001] }] };
const tables: readonly ReachableNlri[] = [
  {
    family: 'ipv4-unicast',
    prefixes: Array.from({ length: ROUTES }, (_, index) => ipv4PrefixKey(0xc0a8_0000 + index, 32)),
    nextHop: { address: '10.0.0.1' },
  },
  {
    family: 'ipv6-unicast',
    prefixes: Array.from({ length: ROUTES }, (_, index) =>
      prefixKeyFromText(`2001:db8::${(index >>> 16).toString(16)}:${(index & 0xffff).toString(16)}`),
    ),
    nextHop: { address: '2001:db8::1' },
  },
];

function decodeIntoMap(stream: Uint8Array): number {
  const routes = new Map<PrefixKey, PathAttributes>();
  const framer = new MessageFramer();
  for (let at = 0; at < stream.length; at += 65_536) {
    framer.push(stream.subarray(at, at + 65_536));
    for (let frame = framer.next(); frame?.ok === true; frame = framer.next()) {
      const update = decodeUpdate(frame.value.octets, context);
      for (const block of update.reachable) for (const key of block.prefixes) routes.set(key, update.attributes);
    }
  }
  return routes.size;
}

/** Integers of five octets into a Map, no message around them. */
function bareLoop(stream: Uint8Array): number {
  const routes = new Map<number, number>();
  for (let at = 0; at + 5 <= ROUTES * 5; at += 5) {
    const [a = 0, b = 0, c = 0, d = 0] = [stream[at], stream[at + 1], stream[at + 2], stream[at + 3]];
    routes.set((a << 24) | (b << 16) | (c << 8) | d | at, at);
  }
  return routes.size;
}

function median(action: () => unknown): string {
  const times = Array.from({ length: RUNS }, () => {
    const start = performance.now();
    action();
    return performance.now() - start;
  }).sort((left, right) => left - right);
  return `min ${times[0]?.toFixed(1)} ms, median ${times[RUNS >> 1]?.toFixed(1)} ms`;
}

for (const table of tables) {
  const messages = [...packUpdates(table, attributes, context)];
  const stream = Buffer.concat(messages);
  const lines = [
    `${table.family}: ${messages.length} messages, ${stream.length} octets`,
    `  encode            ${median(() => [...packUpdates(table, attributes, context)])}`,
    `  decode into a Map ${median(() => decodeIntoMap(stream))}`,
    `  bare loop         ${median(() => bareLoop(stream))}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
