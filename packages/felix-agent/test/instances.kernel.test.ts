import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelLab, plugInstance, sh, waitUntil } from './kernel-lab.ts';
import { instance, openGroup, resource } from './resources.ts';
import { TrafficProcess } from './traffic-process.ts';

/** Sends datagrams until some were answered; false if that does not happen. */
async function isAnswered(from: number, address: string, port: number): Promise<boolean> {
  await using flow = await TrafficProcess.start(`vm${from}`, 'flow', address, String(port), '5');
  try {
    await waitUntil('answers', async () => (await flow.counts()).received >= 5, 5_000);
    return true;
  } catch {
    return false;
  }
}

/** Sends some datagrams and waits for longer than an answer takes; how many were answered. */
async function answersTo(from: number, address: string, port: number): Promise<number> {
  await using flow = await TrafficProcess.start(`vm${from}`, 'flow', address, String(port), '5');
  await waitUntil('datagrams were sent', async () => (await flow.counts()).sent >= 20);
  await flow.stop();
  await delay(100);
  return (await flow.counts()).received;
}

describe('instances on a real kernel', () => {
  let lab: KernelLab;

  beforeAll(async () => {
    lab = await KernelLab.start([
      instance(2),
      instance(3),
      openGroup('shut', []),
      instance(4, { securityGroups: ['shut'] }),
    ]);
    for (const number of [2, 3, 4]) plugInstance(number);
    await lab.up(2, 3, 4);
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  it('get ARP and neighbour discovery from their gateway, on a host without a default route', () => {
    expect(sh('ip route show default')).toBe('');
    expect(sh('ip netns exec vm2 ping -c1 -W1 10.70.0.1')).toContain('1 received');
    expect(sh('ip netns exec vm2 ping -c1 -W1 fe80::1%eth0')).toContain('1 received');
    expect(sh('ip -n vm2 neigh show 10.70.0.1')).toMatch(/lladdr .* (REACHABLE|DELAY|STALE)/);
  });

  it('reach what their groups allow, over the host, and nothing else', async () => {
    await using echo3 = await TrafficProcess.start('vm3', 'echo', '7', '9');
    await using echo4 = await TrafficProcess.start('vm4', 'echo', '7');
    expect(await isAnswered(2, '10.70.0.3', 7)).toBe(true);
    expect(await answersTo(2, '10.70.0.3', 9)).toBe(0);
    expect(await answersTo(2, '10.70.0.4', 7)).toBe(0);
    expect(await isAnswered(4, '10.70.0.3', 7)).toBe(true);
    expect((await echo3.counts()).receivedByPort['9'] ?? 0).toBe(0);
    expect((await echo4.counts()).received).toBe(0);
  });

  it('cannot send from an address that is not theirs', async () => {
    await using echo3 = await TrafficProcess.start('vm3', 'echo', '7');
    sh(
      'ip -n vm2 address add 10.70.0.222/32 dev eth0; ip -n vm2 route replace 10.70.0.3/32 via 10.70.0.1 src 10.70.0.222',
    );
    expect(await answersTo(2, '10.70.0.3', 7)).toBe(0);
    expect((await echo3.counts()).received).toBe(0);
    sh('ip -n vm2 route delete 10.70.0.3/32; ip -n vm2 address delete 10.70.0.222/32 dev eth0');
    expect(await isAnswered(2, '10.70.0.3', 7)).toBe(true);
  });

  it('keep their flows, but for the one whose rule is removed', async () => {
    const group = (ports: readonly number[]) => openGroup('ports', ports);
    await lab.put(group([17, 18]), instance(4, { securityGroups: ['ports'] }));
    await lab.up(4);
    await using echo4 = await TrafficProcess.start('vm4', 'echo', '17', '18');
    await using stays = await TrafficProcess.start('vm2', 'flow', '10.70.0.4', '17', '3');
    await using ends = await TrafficProcess.start('vm3', 'flow', '10.70.0.4', '18', '3');
    await waitUntil('both flow', async () => {
      return (await stays.counts()).received > 20 && (await ends.counts()).received > 20;
    });
    await lab.put(group([17]));
    const atRemoval = (await echo4.counts()).receivedByPort['18'] ?? 0;
    await delay(300);
    const later = await echo4.counts();
    expect((later.receivedByPort['18'] ?? 0) - atRemoval).toBeLessThanOrEqual(1); // one may have been on its way
    await lab.put(group([17, 18]));
    await waitUntil('it flows again', async () => ((await echo4.counts()).receivedByPort['18'] ?? 0) > atRemoval + 20);
    await stays.stop();
    await expect.poll(() => stays.unanswered(), { timeout: 5_000 }).toBe(0);
  });

  it('lets no packet through while rules are changed under a flood', async () => {
    await lab.put(openGroup('busy', [40]), instance(4, { securityGroups: ['busy'] }));
    await lab.up(4);
    await using echo4 = await TrafficProcess.start('vm4', 'echo', '40', '66');
    await using flood = await TrafficProcess.start('vm2', 'flow', '10.70.0.4', '66', '0');
    for (let round = 0; round < 150; round += 1) {
      const ports = [40, ...Array.from({ length: round % 4 }, (_, index) => 50 + index)];
      const member = instance(5, { securityGroups: round % 2 === 0 ? ['busy'] : ['open'] });
      // Another list of groups is another chain: what is on its way during the commit must not find it empty and pass.
      const receiver = instance(4, { securityGroups: round % 2 === 0 ? ['busy', 'shut'] : ['busy'] });
      await lab.put(openGroup('busy', ports), member, receiver);
    }
    expect((await flood.stop()).sent).toBeGreaterThan(1_000);
    expect((await echo4.counts()).receivedByPort['66'] ?? 0).toBe(0);
    await lab.datastore.delete('Instance/default/vm5');
    await lab.applied();
  });

  it('pass nothing when no endpoint claims their tap, or when their resources cannot be understood', async () => {
    await using echo3 = await TrafficProcess.start('vm3', 'echo', '7');
    plugInstance(9);
    // It knows the gateway's MAC address, so that not even an unanswered ARP request holds its datagrams back.
    const mac = sh('ip -o link show tap9').match(/link\/ether (\S+)/)?.[1] ?? '';
    sh(`ip -n vm9 neigh replace 10.70.0.1 lladdr ${mac} dev eth0 nud permanent`);
    sh('ip link set tap9 up; ip route add 10.70.0.9/32 dev tap9; echo 1 > /proc/sys/net/ipv4/conf/tap9/proxy_arp');
    expect(await answersTo(9, '10.70.0.3', 7)).toBe(0);
    await lab.put(instance(9, { securityGroups: ['missing'] }));
    expect(lab.state(9)).toBe('closed');
    expect(await answersTo(9, '10.70.0.3', 7)).toBe(0);
    expect((await echo3.counts()).received).toBe(0);
    sh('ip route delete 10.70.0.9/32 dev tap9');
    await lab.put(instance(9));
    await lab.up(9);
    expect(await isAnswered(9, '10.70.0.3', 7)).toBe(true);
  });

  it('are gone without a trace once deleted', async () => {
    await lab.datastore.delete('Instance/default/vm9');
    await lab.applied();
    await waitUntil('nothing of it is left', () => {
      const left = [sh('ip route'), sh('ip -6 route'), sh('ip neigh show dev tap9'), sh('nft list ruleset')].join('\n');
      return !left.includes('10.70.0.9 ') && !left.includes('"tap9"') && !left.includes('2001:db8:70::9 ');
    });
    expect(sh('conntrack -L 2>/dev/null')).not.toContain('=10.70.0.9 ');
  });

  it('still reach each other when their network is confined to the site', async () => {
    await lab.put(
      resource('Network', {
        metadata: { name: 'private' },
        spec: { pools: [{ cidr: '10.70.0.0/16', gateway: '10.70.0.1' }, { cidr: '2001:db8:70::/64' }], reach: 'site' },
      }),
    );
    await lab.up(2, 3);
    await using _echo3 = await TrafficProcess.start('vm3', 'echo', '7');
    expect(await isAnswered(2, '10.70.0.3', 7)).toBe(true);
  });
});
