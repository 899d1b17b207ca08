import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type BgpMessage,
  type CodecContext,
  decodeMessage,
  encodeOpen,
  formatCapability,
  formatNotification,
  MessageFramer,
  packUpdates,
  packWithdrawals,
  prefixKeyToText,
} from '../../src/codec/index.ts';
import { mutate, mutations } from '../fuzz/mutations.ts';
import { opens, symmetricContexts } from './arbitraries.ts';
import { hex } from './message-fixtures.ts';

/** How long, and from which seed: `CODEC_FUZZ_MS=600000 CODEC_FUZZ_SEED=1` for a long or a repeated run. */
const BUDGET_MS = Number(process.env.CODEC_FUZZ_MS ?? 5000);
const SEED = Number(process.env.CODEC_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));

const SAMPLES: readonly Uint8Array[] = (
  JSON.parse(readFileSync(new URL('../vectors/bgp-vectors.json', import.meta.url), 'utf8')) as { hex: string }[]
).map((vector) => hex(vector.hex));

/** Whatever a peer sends has an outcome, and what is taken for good can be shown and sent on. */
function exercise(octets: Uint8Array, context: CodecContext): void {
  const framer = new MessageFramer();
  framer.extendedMessages = context.extendedMessages;
  framer.push(octets);
  for (let turn = 0; turn <= octets.length / 19 + 1; turn += 1) {
    const frame = framer.next();
    if (frame === undefined) return;
    if (!frame.ok) {
      formatNotification(frame.notification);
      return;
    }
    const decoded = decodeMessage(frame.value, context);
    if (decoded.ok) checkMessage(decoded.value, context);
    else formatNotification(decoded.notification);
  }
  expect.unreachable('the framer gives more messages than the octets can hold');
}

function checkMessage(message: BgpMessage, context: CodecContext): void {
  if (message.type === 'notification') formatNotification(message.notification);
  if (message.type === 'open') {
    message.open.capabilities.map(formatCapability);
    encodeOpen(message.open);
  }
  if (message.type !== 'update') return;
  const { update } = message;
  if (update.action === 'treat-as-withdraw' || update.action === 'session-reset') expect(update.reachable).toEqual([]);
  expect(update.action === undefined).toBe(update.errors.length === 0);
  for (const block of [...update.withdrawn, ...update.reachable]) {
    expect(context.families.has(block.family)).toBe(true);
    expect(block.pathIds === undefined).toBe(!context.addPathReceive.has(block.family));
    block.prefixes.map(prefixKeyToText);
  }
  // Room for what the next hop field or the partial bit may add.
  const roomy = { ...context, extendedMessages: true };
  for (const block of update.withdrawn) Array.from(packWithdrawals(block, roomy));
  for (const block of update.reachable) Array.from(packUpdates(block, update.attributes, roomy));
}

it(
  `survives ${BUDGET_MS} ms of damaged and random messages`,
  () => {
    const end = performance.now() + BUDGET_MS;
    const damaged = fc
      .tuple(fc.constantFrom(...SAMPLES), mutations, fc.boolean())
      .map(([sample, changes, mend]) => mutate(sample, changes, mend));
    const openOctets = fc.tuple(opens, mutations).map(([open, changes]) => mutate(encodeOpen(open), changes, true));
    const random = fc.tuple(fc.constantFrom(1, 2, 3, 5), fc.uint8Array({ maxLength: 200 })).map(([type, body]) => {
      const octets = new Uint8Array(19 + body.length).fill(0xff, 0, 16);
      octets.set([octets.length >>> 8, octets.length & 0xff, type], 16);
      octets.set(body, 19);
      return octets;
    });
    let runs = 0;
    while (performance.now() < end) {
      fc.assert(
        fc.property(fc.oneof(damaged, damaged, openOctets, random), symmetricContexts, (octets, context) => {
          exercise(octets, context);
        }),
        { seed: SEED + runs, numRuns: 500 },
      );
      runs += 500;
    }
    process.stdout.write(`codec fuzz: ${runs} messages, CODEC_FUZZ_SEED=${SEED}\n`);
  },
  BUDGET_MS + 30_000,
);
