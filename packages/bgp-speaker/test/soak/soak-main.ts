/**
 * The soak for as long as one likes: `make soak DURATION=3600` (seconds). Prints a line per round; exit code 1 if memory
 * grew, a table was wrong, or the speaker ended a session.
 */
import { Soak } from './soak.ts';
import { growthOf, type MemorySample, mebibytes } from './soak-verdict.ts';

const ROUND_MS = 20_000;
const seconds = Number(process.argv[2] ?? 600);
const seed = Number(process.env.SOAK_SEED ?? Date.now() % 1_000_000);
if (!(seconds > 0)) {
  process.stderr.write('soak: DURATION is a number of seconds, for example make soak DURATION=3600\n');
  process.exit(2);
}
process.stdout.write(`soak: 100 peers of 1,000 routes for ${seconds} s, SOAK_SEED=${seed}\n`);
const startMs = performance.now();
await using soak = await Soak.start({ peers: 100, routesPerPeer: 1000, localRoutes: 1000, seed });
await soak.settled();
await soak.flap(ROUND_MS);
const samples: MemorySample[] = [];
while (samples.length < 3 || performance.now() - startMs < seconds * 1000) {
  await soak.flap(ROUND_MS);
  const { droppedSessions, flappedRoutes, stalls, unexpected } = await soak.settled();
  const sample = await soak.memory();
  samples.push(sample);
  process.stdout.write(
    `${((performance.now() - startMs) / 1000).toFixed(0)} s: heap ${mebibytes(sample.heapUsed)} MiB, resident ${mebibytes(sample.rss)} MiB; ${droppedSessions} sessions dropped, ${flappedRoutes} routes flapped, ${stalls} stalls\n`,
  );
  if (unexpected.length > 0) {
    process.stdout.write(`soak: ended by the speaker: ${unexpected.join('; ')}\n`);
    process.exitCode = 1;
    break;
  }
}
const growth = growthOf(samples);
for (const what of growth) process.stdout.write(`soak: ${what}\n`);
if (growth.length > 0) process.exitCode = 1;
if (process.exitCode !== 1) process.stdout.write('soak: memory is flat, all tables right\n');
