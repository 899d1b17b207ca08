import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { formatManifest, type Resource } from '@slash32/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentProcess } from './agent-process.ts';
import { cleanKernel, plugInstance, sh, waitUntil } from './kernel-lab.ts';
import { baseResources, GATEWAY, HOST_NAME, instance, openGroup } from './resources.ts';
import { TrafficProcess } from './traffic-process.ts';

const BINARY = resolve(import.meta.dirname, '../../../bin/felix-agent');
const ALLOWED = 7;
const DENIED = 66;

/**
 * A flood of datagrams that no state of the rules admits, from before the agent's first start over restarts, changes and
 * kills at any moment: exactly none arrives. All that could carry it is there without the agent: routes, forwarding,
 * neighbours. What a rule allows goes on.
 */
describe('a flood that no rule admits', () => {
  let directory: string;
  let echo: TrafficProcess;
  let flood: TrafficProcess;
  const cleanUp = new AsyncDisposableStack();

  const arrived = async (): Promise<number> => (await echo.counts()).receivedByPort[DENIED] ?? 0;
  const write = (name: string, ...resources: readonly Resource[]): Promise<void> =>
    writeFile(join(directory, name), resources.map((each) => formatManifest(each)).join('---\n'));
  const isUp = (agent: AgentProcess) => async (): Promise<boolean> => (await agent.status())?.endpoints.up === 2;

  beforeAll(async () => {
    cleanKernel();
    directory = await mkdtemp(join(tmpdir(), 'slash32-no-window-'));
    cleanUp.defer(() => rm(directory, { recursive: true, force: true }));
    for (const number of [2, 3]) plugInstance(number);
    const mac = sh('ip -o link show tap2').match(/link\/ether (\S+)/)?.[1] ?? '';
    sh(`
      ip link set tap2 up; ip link set tap3 up
      ip -n vm2 neigh replace ${GATEWAY} lladdr ${mac} dev eth0 nud permanent
      ip route add 10.70.0.3/32 dev tap3; ip neigh replace 10.70.0.3 lladdr 52:54:00:00:00:03 dev tap3 nud permanent
      echo 1 > /proc/sys/net/ipv4/ip_forward
      echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter; echo 0 > /proc/sys/net/ipv4/conf/tap2/rp_filter
      ip -n vm2 route replace 10.70.0.3/32 via ${GATEWAY}
    `);
    echo = cleanUp.use(await TrafficProcess.start('vm3', 'echo', String(ALLOWED), String(DENIED)));
  });
  afterAll(async () => {
    await cleanUp.disposeAsync();
    cleanKernel();
  });

  it('arrives while nothing guards the host, and no longer once the boot-time ruleset is in', async () => {
    flood = cleanUp.use(await TrafficProcess.start('vm2', 'flow', '10.70.0.3', String(DENIED), '1'));
    await waitUntil('it arrives', async () => (await arrived()) > 0);
    sh(`${BINARY} boot-ruleset | nft -f -`);
    await delay(50); // what was on its way
    const before = await arrived();
    const { sent } = await flood.counts();
    await waitUntil('it goes on', async () => (await flood.counts()).sent > sent + 100);
    expect(await arrived()).toBe(before);
  });

  it('does not arrive while the agent starts for the first time, and what is allowed does', async () => {
    const before = await arrived();
    await write('base.yaml', ...baseResources(), openGroup('ports', [ALLOWED]));
    await write('instances.yaml', instance(2), instance(3, { securityGroups: ['ports'] }));
    await using agent = await AgentProcess.start(HOST_NAME, directory);
    await waitUntil('both are up', isUp(agent), 30_000);
    await waitUntil('the boot-time ruleset is gone', () => !sh('nft list tables').includes('slash32-boot'));
    await using allowed = await TrafficProcess.start('vm2', 'flow', '10.70.0.3', String(ALLOWED), '3');
    await waitUntil('what is allowed arrives', async () => (await allowed.counts()).received > 20);
    const { sent } = await flood.counts();
    await waitUntil('the flood goes on', async () => (await flood.counts()).sent > sent + 100);
    expect(await arrived()).toBe(before);
  });

  it('does not arrive while agents are killed in the middle of changes, and what is allowed loses nothing', async () => {
    const before = await arrived();
    const sentBefore = (await flood.counts()).sent;
    await using allowed = await TrafficProcess.start('vm2', 'flow', '10.70.0.3', String(ALLOWED), '3');
    let killedAtWork = 0;
    for (let round = 0; round < 6; round += 1) {
      await using agent = await AgentProcess.start(HOST_NAME, directory);
      await waitUntil('it answers', async () => (await agent.status()) !== undefined, 30_000);
      // Chains, sets and lists of groups change; the knife comes at another moment each round.
      const groups = round % 2 === 0 ? ['ports', 'extra'] : ['ports'];
      await write(
        'base.yaml',
        ...baseResources(),
        openGroup('ports', [ALLOWED, ...Array.from({ length: round }, (_, index) => 100 + index)]),
        openGroup('extra', [200 + round]),
      );
      await write('instances.yaml', instance(2), instance(3, { securityGroups: groups }));
      await delay(2 + round * 9);
      const status = await agent.status();
      await agent.kill('SIGKILL');
      if (status !== undefined && status.nft.transactions === 0) killedAtWork += 1;
    }
    expect(killedAtWork).toBeGreaterThan(0);
    await using last = await AgentProcess.start(HOST_NAME, directory);
    await waitUntil('both are up', isUp(last), 30_000);
    await last.kill('SIGTERM');
    expect((await flood.stop()).sent).toBeGreaterThan(sentBefore + 500);
    await allowed.stop();
    await expect.poll(() => allowed.unanswered(), { timeout: 5_000 }).toBe(0);
    expect(await arrived()).toBe(before);
  }, 120_000);
});
