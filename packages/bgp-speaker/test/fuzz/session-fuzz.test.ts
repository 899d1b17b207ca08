import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hex, PLAIN, update } from '../codec/message-fixtures.ts';
import { FuzzedSpeaker } from './fuzzed-speaker.ts';
import { ResetOracle } from './reset-oracle.ts';
import { type Run, runs } from './steps.ts';

/** How long, and from which seed: `SESSION_FUZZ_MS=3600000 SESSION_FUZZ_SEED=1`, or `make fuzz DURATION=3600`. */
const BUDGET_MS = Number(process.env.SESSION_FUZZ_MS ?? 4000);
const SEED = Number(process.env.SESSION_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** A file of steps that failed before, to play instead. */
const REPLAY = process.env.SESSION_FUZZ_REPLAY;
const RUNS_PER_ROUND = 20;
/** Rounds until what the engine keeps for itself (compiled code, caches) has settled. */
const ROUNDS_TO_WARM_UP = 5;
/** The speakers of all rounds are gone by the end of theirs, so that what is left must not grow with time. */
const MAX_HEAP_GROWTH_MB = 24;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

function heapMegabytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

async function play({ variant, steps }: Run): Promise<void> {
  const speaker = await FuzzedSpeaker.create(variant);
  for (const step of steps) await speaker.apply(step);
  await speaker.finish();
}

/** Where the steps of a failure go, shortest form. */
function keep(run: Run | undefined, seed: number): string {
  const directory = join(tmpdir(), 'slash32-fuzz');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `session-${seed}.json`);
  writeFileSync(path, `${JSON.stringify(run, undefined, 1)}\n`);
  return path;
}

it(
  REPLAY === undefined ? `a session survives ${BUDGET_MS} ms of abuse, and so does its neighbour` : `replays ${REPLAY}`,
  async () => {
    if (REPLAY !== undefined) {
      await play(JSON.parse(readFileSync(REPLAY, 'utf8')));
      return;
    }
    const end = performance.now() + BUDGET_MS;
    let steps = 0;
    let round = 0;
    let warmHeap: number | undefined;
    for (; performance.now() < end; round += 1) {
      const seed = SEED + round;
      const property = fc.asyncProperty(runs, async (run) => {
        steps += run.steps.length;
        await play(run);
      });
      const outcome = await fc.check(property, { seed, numRuns: RUNS_PER_ROUND });
      if (round === ROUNDS_TO_WARM_UP) warmHeap = heapMegabytes();
      if (!outcome.failed) continue;
      const path = keep(outcome.counterexample?.[0], seed);
      throw new Error(
        `SESSION_FUZZ_SEED=${seed} fails; the steps are in ${path} (SESSION_FUZZ_REPLAY plays them again)`,
        { cause: outcome.errorInstance },
      );
    }
    const growth = warmHeap === undefined ? 0 : heapMegabytes() - warmHeap;
    process.stdout.write(
      `session fuzz: ${steps} steps, heap ${growth < 0 ? '' : '+'}${growth.toFixed(1)} MB, SESSION_FUZZ_SEED=${SEED}\n`,
    );
    expect(growth).toBeLessThan(MAX_HEAP_GROWTH_MB);
  },
  BUDGET_MS + 120_000,
);

describe('the judge of resets', () => {
  const session = {
    families: new Set(['ipv4-unicast', 'ipv6-unicast'] as const),
    maxLength: 4096,
    withPathIds: new Set<never>(),
  };
  const judged = (octets: Uint8Array): readonly number[] => {
    const oracle = new ResetOracle(session);
    oracle.push(octets);
    return [...oracle.allowed];
  };

  it('lets no session end for an error that withdraws', () => {
    for (const attribute of ['c00803000000', '40010105', '400200', 'c007020000', 'c00810ffffff01', '40050400000064']) {
      expect(judged(update({ attributes: `${PLAIN} ${attribute}`, nlri: '200a000001' }))).toEqual([]);
    }
  });

  it('lets it end for what hides routes, for unknown well-known attributes, and for bad framing', () => {
    expect(judged(update({ attributes: PLAIN, nlri: '210a000001' }))).toEqual([3]);
    expect(judged(update({ attributes: `${PLAIN} 800e02 0002`, nlri: '200a000001' }))).toEqual([3]);
    expect(judged(update({ attributes: `${PLAIN} 406300`, nlri: '200a000001' }))).toEqual([3]);
    expect(judged(hex('00'))).toEqual([1]);
  });
});
