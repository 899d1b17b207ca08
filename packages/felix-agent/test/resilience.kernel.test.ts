import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelLab, plugInstance, sh, waitUntil } from './kernel-lab.ts';
import { instance } from './resources.ts';
import { TrafficProcess } from './traffic-process.ts';

describe('restart and drift on a real kernel', () => {
  let lab: KernelLab;

  beforeAll(async () => {
    lab = await KernelLab.start([instance(2), instance(3)]);
    plugInstance(2);
    plugInstance(3);
    await lab.up(2, 3);
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  it('sends nothing when a new agent finds everything in place, and no flow notices', async () => {
    await using _echo = await TrafficProcess.start('vm3', 'echo', '7');
    await using flow = await TrafficProcess.start('vm2', 'flow', '10.70.0.3', '7', '3');
    const ruleset = sh('nft list ruleset');
    for (let round = 0; round < 2; round += 1) {
      await lab.stopAgent();
      await lab.startAgent();
      await lab.up(2, 3);
      const status = await lab.status();
      expect(status.nft).toEqual({ transactions: 0, bytes: 0, failures: 0 });
      expect(status.routes).toEqual({ added: 0, removed: 0 });
      expect(status.driftRepairs).toBe(0);
    }
    const withoutCounters = (text: string) => text.replaceAll(/counter packets \d+ bytes \d+/g, 'counter');
    expect(withoutCounters(sh('nft list ruleset'))).toBe(withoutCounters(ruleset));
    await flow.stop();
    await expect.poll(() => flow.unanswered(), { timeout: 5_000 }).toBe(0);
  });

  it('finds no drift where there is none', async () => {
    const before = (await lab.status()).driftRepairs;
    await lab.put(instance(4));
    plugInstance(4);
    await lab.up(4);
    sh('ip link delete tap4; ip netns delete vm4');
    await waitUntil('it waits', () => lab.state(4) === 'waiting-for-interface');
    await lab.datastore.delete('Instance/default/vm4');
    await lab.applied();
    lab.agent.dataplane.checkEverything();
    await lab.applied();
    expect((await lab.status()).driftRepairs).toBe(before);
  });

  const interferences: readonly [what: string, command: string, isRepaired: () => boolean][] = [
    ['a flushed ruleset', 'nft flush ruleset', () => sh('nft list ruleset').includes('"tap2"')],
    ['a deleted table', 'nft delete table inet slash32', () => sh('nft list tables').includes('inet slash32')],
    [
      'a deleted element',
      'nft flush set inet slash32 taps',
      () => sh('nft list set inet slash32 taps').includes('"tap2"'),
    ],
    [
      'a rule that lets everything through',
      'nft insert rule inet slash32 forward accept',
      () => !/chain forward \{[^}]*\n\t\taccept\n/.test(sh('nft list table inet slash32')),
    ],
    ['a deleted route', 'ip route delete 10.70.0.2/32', () => sh('ip route').includes('10.70.0.2 dev tap2 proto 133')],
    ['flushed routes', 'ip route flush proto 133', () => sh('ip route').includes('10.70.0.3 dev tap3 proto 133')],
    [
      'a deleted IPv6 route',
      'ip -6 route delete 2001:db8:70::2/128',
      () => sh('ip -6 route').includes('2001:db8:70::2 dev tap2 proto 133'),
    ],
    [
      'a route to another tap',
      'ip route replace 10.70.0.2/32 dev tap3 scope link proto 133',
      () => sh('ip route').includes('10.70.0.2 dev tap2 proto 133'),
    ],
    [
      'a deleted gateway',
      'ip route delete local 10.70.0.1/32 dev lo table local',
      () => sh('ip route show table local').includes('local 10.70.0.1'),
    ],
    [
      'a changed neighbour',
      'ip neigh replace 10.70.0.2 lladdr 52:54:00:00:66:66 dev tap2 nud permanent',
      () => sh('ip neigh show 10.70.0.2').includes('52:54:00:00:00:02'),
    ],
    [
      'a removed gateway address',
      'ip address delete fe80::1/64 dev tap2',
      () => sh('ip address show tap2').includes('fe80::1/64'),
    ],
    [
      'a reverse path filter that is off',
      'echo 0 > /proc/sys/net/ipv4/conf/tap2/rp_filter',
      () => sh('cat /proc/sys/net/ipv4/conf/tap2/rp_filter') === '1\n',
    ],
    [
      'a tap that does not answer ARP',
      'echo 0 > /proc/sys/net/ipv4/conf/tap2/proxy_arp',
      () => sh('cat /proc/sys/net/ipv4/conf/tap2/proxy_arp') === '1\n',
    ],
    [
      'forwarding that is off on the whole host',
      'echo 0 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv6/conf/all/forwarding',
      () =>
        sh('cd /proc/sys/net; cat ipv4/ip_forward ipv4/conf/tap2/forwarding ipv6/conf/tap3/forwarding') === '1\n1\n1\n',
    ],
  ];

  for (const [what, command, isRepaired] of interferences) {
    it(`repairs ${what} within a second, and counts it`, async () => {
      await waitUntil('echoes of our own changes are over', () => lab.agent.dataplane.isQuiet);
      const before = (await lab.status()).driftRepairs;
      sh(command);
      const ms = await waitUntil(`${what} is repaired`, isRepaired, 5_000);
      expect(ms).toBeLessThan(1_000);
      await waitUntil('it is counted', async () => (await lab.status()).driftRepairs > before, 1_000);
    });
  }

  it('repairs a setting that the kernel does not tell of within its minute', async () => {
    const path = '/proc/sys/net/ipv4/conf/tap2/route_localnet';
    sh(`echo 1 > ${path}`);
    const ms = await waitUntil('it is repaired', () => sh(`cat ${path}`).trim() === '0', 75_000);
    expect(ms).toBeLessThan(65_000);
  }, 90_000);

  it('programs an interface again that was taken down and up, and one that was made anew', async () => {
    await using _echo = await TrafficProcess.start('vm3', 'echo', '7');
    sh('ip link set tap2 down');
    await waitUntil('it waits', () => lab.state(2) === 'waiting-for-interface');
    expect(sh('ip link show tap2')).not.toContain(',UP');
    sh('ip link set tap2 up');
    await lab.up(2);
    sh('ip link delete tap2; ip netns delete vm2');
    plugInstance(2);
    await waitUntil('routes are back', () => sh('ip route').includes('10.70.0.2 dev tap2 proto 133'));
    await lab.up(2);
    expect(sh('ip netns exec vm2 ping -c1 -W2 10.70.0.3')).toContain('1 received');
  });
});
