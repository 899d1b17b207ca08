/**
 * One run of the churn benchmark as a process of its own, so that its memory is its own: `churn-main.ts SETTINGS`, JSON
 * (churn-run.ts). Prints the result as JSON. Programs nftables of the network namespace it runs in.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Resource } from '@slash32/shared';
import { percentile } from '../report/percentile.ts';
import type { ChurnFigures, ChurnResult, ChurnSettings } from './churn-run.ts';
import { fabricResources, groupOf, memberOf } from './large-fabric.ts';
import { ProgramHost } from './program-host.ts';
import { seededRandom } from './seeded-random.ts';

const settings = JSON.parse(process.argv[2] ?? '') as ChurnSettings;
const random = seededRandom(settings.seed);
const below = (limit: number): number => Math.floor(random() * limit);

/** Groups of local instances: only what concerns these reaches this host's kernel. */
const localGroups = Math.min(settings.local, settings.groups);

/** A remote instance joins a group (and leaves its own), a local one does, or a rule of a local group changes. */
function nextChange(): Resource {
  const dice = random();
  if (dice < settings.rules) return groupOf(below(localGroups), 1_024 + below(60_000));
  const isLocal = dice < settings.rules + settings.localInstances;
  const number = isLocal ? below(settings.local) : settings.local + below(settings.instances - settings.local);
  const group = random() < settings.nearby ? below(localGroups) : below(settings.groups);
  return memberOf(number, isLocal ? below(localGroups) : group, settings);
}

/** Changes fall due at an even rate, whether the host keeps up or not; what is due together is committed together. */
async function churn(host: ProgramHost): Promise<ChurnFigures> {
  const intervalMs = 1_000 / settings.changesPerSecond;
  const total = settings.changesPerSecond * settings.seconds;
  const latencies: number[] = [];
  let [transactions, bytes, done] = [0, 0, 0];
  const started = performance.now();
  while (done < total) {
    const due = Math.min(total, Math.floor((performance.now() - started) / intervalMs) + 1);
    if (due === done) {
      await delay(1);
      continue;
    }
    const first = done;
    for (; done < due; done += 1) host.model.put(nextChange());
    const commit = await host.commit();
    if (commit.bytes > 0) transactions += 1;
    bytes += commit.bytes;
    const atMs = performance.now() - started;
    for (let change = first; change < done; change += 1) latencies.push(atMs - change * intervalMs);
  }
  return {
    changes: total,
    transactions,
    bytes,
    tookSeconds: (performance.now() - started) / 1_000,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    maxMs: percentile(latencies, 1),
  };
}

await using host = new ProgramHost();
const loadMs = host.load(fabricResources(settings));
const cold = await host.start();
const loadedBytes = process.memoryUsage.rss();
const restart = await host.start();
const figures = await churn(host);
const afterwards = await host.start();
const result: ChurnResult = {
  loadMs,
  cold,
  restart,
  churn: figures,
  afterwards,
  loadedBytes,
  churnedBytes: process.memoryUsage.rss(),
  peakBytes: process.resourceUsage().maxRSS * 1_024,
};
process.stdout.write(JSON.stringify(result));
