import { expect, it } from 'vitest';
import { Soak } from './soak.ts';
import { growthOf, type MemorySample } from './soak-verdict.ts';

const SEED = Number(process.env.SOAK_SEED ?? 32);
const WARM_UP_MS = 6000;
const ROUND_MS = 4000;
const ROUNDS = 6;

it('memory is flat with 100 peers of 1,000 routes that flap', { timeout: 240_000 }, async () => {
  await using soak = await Soak.start({ peers: 100, routesPerPeer: 1000, localRoutes: 1000, seed: SEED });
  await soak.settled();
  await soak.flap(WARM_UP_MS);
  await soak.settled();
  const samples: MemorySample[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await soak.flap(ROUND_MS);
    await soak.settled();
    samples.push(await soak.memory());
  }
  const { unexpected, droppedSessions, flappedRoutes, stalls } = await soak.report();
  expect(unexpected).toEqual([]);
  expect(growthOf(samples)).toEqual([]);
  // It has been a soak, not a calm.
  expect(droppedSessions).toBeGreaterThan(20);
  expect(flappedRoutes).toBeGreaterThan(10_000);
  expect(stalls).toBeGreaterThan(2);
});
