import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelLab, sh, waitUntil } from './kernel-lab.ts';
import { instance, openGroup } from './resources.ts';

const NUMBERS = Array.from({ length: 40 }, (_, index) => index + 2);
const NFT_TIMEOUT_MS = 500;

/** Process ids of the children of this process that write to nftables: their names are the transactor's own. */
function nftWriters(): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        const [, name, parent] = /\((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
        return Number(parent) === process.pid && name?.startsWith('s32-') === true;
      } catch {
        return false; // it ended meanwhile
      }
    })
    .map(Number);
}

function signalWriters(signal: 'SIGKILL' | 'SIGSTOP'): number {
  const writers = nftWriters();
  for (const pid of writers) process.kill(pid, signal);
  return writers.length;
}

/** Taps that have a route of ours, and those that the policy does not know among them. */
function routesWithoutPolicy(): readonly string[] {
  const known = sh('nft list map inet slash32 egress-of');
  const routed = sh('ip route show proto 133; ip -6 route show proto 133').matchAll(/dev (tap\d+)/g);
  return [...new Set([...routed].map((match) => match[1] ?? ''))].filter((tap) => !known.includes(`"${tap}"`));
}

function routeCount(): number {
  return sh('ip route show proto 133; ip -6 route show proto 133').match(/dev tap/g)?.length ?? 0;
}

describe('nft that is killed or hangs, and taps that go in mid-apply, on a real kernel', () => {
  let lab: KernelLab;

  beforeAll(async () => {
    lab = await KernelLab.start([], { toolTimeoutMs: NFT_TIMEOUT_MS });
    plug(NUMBERS);
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  function plug(numbers: readonly number[]): void {
    sh(`ip -batch - <<'E'\n${numbers.map((n) => `link add tap${n} type veth peer name p${n}`).join('\n')}\nE\n`);
  }

  /** All up, nothing open that should not be, and a further start finds nothing to do. */
  async function expectWhole(): Promise<void> {
    // The kernel's own word: a state may be of before the last thing that happened.
    await waitUntil('all routes are there', () => routeCount() === 2 * NUMBERS.length, 20_000);
    await waitUntil('all are up', () => NUMBERS.every((number) => lab.state(number) === 'up'), 20_000);
    await waitUntil('the agent is idle', () => lab.agent.dataplane.isIdle);
    expect(routesWithoutPolicy()).toEqual([]);
    await lab.stopAgent();
    await lab.startAgent();
    await waitUntil('all are up again', () => NUMBERS.every((number) => lab.state(number) === 'up'), 20_000);
    const { nft, routes, driftRepairs } = await lab.status();
    expect({ nft, routes, driftRepairs }).toEqual({
      nft: { transactions: 0, bytes: 0, failures: 0 },
      routes: { added: 0, removed: 0 },
      driftRepairs: 0,
    });
  }

  it('is whole again after nft was killed while instances came', async () => {
    let killed = 0;
    for (const number of NUMBERS) {
      lab.datastore.putAll([instance(number)]);
      await delay(number % 4);
      killed += signalWriters('SIGKILL');
      expect(routesWithoutPolicy()).toEqual([]);
    }
    expect(killed).toBeGreaterThan(0);
    await expectWhole();
  });

  it('keeps the last program while nft hangs, and goes on afterwards', async () => {
    await lab.put(openGroup('other', [22])); // so that there is a session to stop
    await lab.put(instance(2, { securityGroups: ['other'] }));
    expect(signalWriters('SIGSTOP')).toBe(1);
    const before = sh('nft list table inet slash32');
    lab.datastore.putAll([openGroup('other', [22, 80]), instance(3, { securityGroups: ['other'] })]);
    await waitUntil('the transaction is given up', () => !lab.agent.health().ready, 5_000);
    expect(sh('nft list table inet slash32')).toBe(before);
    await waitUntil('the agent is ready', () => lab.agent.health().ready && lab.agent.dataplane.isIdle);
    expect(sh('nft list map inet slash32 egress-of')).toMatch(/"tap3" : jump egress\/default\/other/);
    await expectWhole();
  });

  it('lets taps go and come in the middle of rounds', async () => {
    for (let round = 0; round < 8; round += 1) {
      const some = NUMBERS.filter((number) => number % 8 === round);
      lab.datastore.putAll(
        NUMBERS.map((number) => instance(number, { securityGroups: [round % 2 ? 'open' : 'other'] })),
      );
      await delay(round);
      sh(`ip -force -batch - <<'E'\n${some.map((number) => `link delete tap${number}`).join('\n')}\nE\n`);
      expect(routesWithoutPolicy()).toEqual([]);
      plug(some);
    }
    await expectWhole();
  });
});
