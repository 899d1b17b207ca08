import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { formatManifest, type Resource } from '@slash32/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentProcess } from './agent-process.ts';
import { cleanKernel, sh, waitUntil } from './kernel-lab.ts';
import { baseResources, HOST_NAME, instance } from './resources.ts';

const NUMBERS = Array.from({ length: 150 }, (_, index) => index + 2);

function manifests(resources: readonly Resource[]): string {
  return resources.map((each) => formatManifest(each)).join('---\n');
}

/** Taps that have a route of ours, and those that the policy knows. */
function programmedTaps(): { routed: Set<string>; known: Set<string> } {
  const tapsIn = (text: string, pattern: RegExp) => new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ''));
  const routed = tapsIn(sh('ip route show proto 133; ip -6 route show proto 133'), /dev (tap\d+)/g);
  const rules = sh('nft list table inet slash32 2>/dev/null || true');
  return { routed, known: tapsIn(rules, /"(tap\d+)" : jump/g) };
}

describe('an agent that is killed in the middle of its work', () => {
  let directory: string;

  beforeAll(async () => {
    cleanKernel();
    directory = await mkdtemp(join(tmpdir(), 'slash32-datastore-'));
    await mkdir(join(directory, 'instances'));
    await writeFile(join(directory, 'base.yaml'), manifests(baseResources()));
    for (const number of NUMBERS) {
      await writeFile(join(directory, 'instances', `${number}.yaml`), formatManifest(instance(number)));
    }
    sh(`ip -batch - <<'E'\n${NUMBERS.map((n) => `link add tap${n} type veth peer name p${n}`).join('\n')}\nE\n`);
  });
  afterAll(async () => {
    cleanKernel();
    await rm(directory, { recursive: true, force: true });
  });

  it('never leaves a route without its policy, and its successor finishes the work', async () => {
    let delayMs = 150;
    for (let round = 0; round < 6; round += 1) {
      await using agent = await AgentProcess.start(HOST_NAME, directory);
      await delay(delayMs);
      await agent.kill('SIGKILL');
      const { routed, known } = programmedTaps();
      expect([...routed].filter((tap) => !known.has(tap))).toEqual([]);
      delayMs += 150;
      if (routed.size === NUMBERS.length) {
        // It was faster than the knife: begin anew, and cut earlier.
        sh('nft flush ruleset; ip route flush proto 133; ip -6 route flush proto 133');
        delayMs = 100 + round * 60;
      }
    }

    await using agent = await AgentProcess.start(HOST_NAME, directory);
    await waitUntil('all are up', async () => (await agent.status())?.endpoints.up === NUMBERS.length, 30_000);
    await agent.kill('SIGTERM');
    const { routed, known } = programmedTaps();
    expect(routed.size).toBe(NUMBERS.length);
    expect(known.size).toBe(NUMBERS.length);

    await using successor = await AgentProcess.start(HOST_NAME, directory);
    await waitUntil('all are up', async () => (await successor.status())?.endpoints.up === NUMBERS.length, 30_000);
    const status = await successor.status();
    expect(status?.nft).toEqual({ transactions: 0, bytes: 0, failures: 0 });
    expect(status?.routes).toEqual({ added: 0, removed: 0 });
    expect(status?.findings).toEqual([]);
    await successor.kill('SIGTERM');
    expect(successor.log).toContain('shutting down');
    expect(programmedTaps().routed.size).toBe(NUMBERS.length);
  });
});

describe('the boot-time ruleset', () => {
  it('closes every tap until an agent has taken over', async () => {
    cleanKernel();
    sh(`${join(import.meta.dirname, '../../../bin/felix-agent')} boot-ruleset --interface-prefix tap | nft -f -`);
    sh(`${join(import.meta.dirname, '../../../bin/felix-agent')} boot-ruleset | nft -f -`); // twice is as good as once
    expect(sh('nft list tables')).toContain('slash32-boot');
    const empty = await mkdtemp(join(tmpdir(), 'slash32-datastore-'));
    await writeFile(join(empty, 'base.yaml'), manifests(baseResources()));
    {
      await using _agent = await AgentProcess.start(HOST_NAME, empty);
      await waitUntil('the agent has taken over', () => !sh('nft list tables').includes('slash32-boot'));
    }
    expect(sh('nft list tables')).toContain('inet slash32');
    await rm(empty, { recursive: true, force: true });
  });
});
