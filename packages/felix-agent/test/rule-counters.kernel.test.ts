import type { GroupCounters, ResourceOfKind } from '@slash32/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelLab, plugInstance, sh, waitUntil } from './kernel-lab.ts';
import { instance, resource } from './resources.ts';
import { TrafficProcess } from './traffic-process.ts';

/** UDP in at these ports, counted; out: anything. */
function ports(numbers: readonly number[], description?: string): ResourceOfKind<'SecurityGroup'> {
  const ingress = { direction: 'ingress', ethertype: 'IPv4', protocol: 'udp' } as const;
  return resource('SecurityGroup', {
    metadata: { name: 'counted' },
    spec: {
      counters: true,
      rules: [
        ...numbers.map((port) => ({ ...ingress, ports: port, ...(description === undefined ? {} : { description }) })),
        { direction: 'egress', ethertype: 'IPv4' },
      ],
    },
  });
}

describe('counters of rules on a real kernel', () => {
  let lab: KernelLab;

  const read = async (): Promise<GroupCounters | undefined> => {
    const signal = AbortSignal.timeout(5_000);
    const answer = await lab.agent.handlers['agent.counters']({ groups: ['default/counted'] }, { signal });
    return answer.groups[0];
  };
  /** Packets by rule. */
  const packets = async (): Promise<(number | undefined)[]> =>
    (await read())?.rules.map(({ counted }) => counted?.packets) ?? [];
  /** A flow of 20 datagrams and their answers. */
  const converse = async (port: number): Promise<void> => {
    await using flow = await TrafficProcess.start('vm2', 'flow', '10.70.0.3', String(port), '2');
    await waitUntil('answers', async () => (await flow.counts()).received >= 20);
  };

  beforeAll(async () => {
    lab = await KernelLab.start([ports([7, 9]), instance(2), instance(3, { securityGroups: ['counted'] })]);
    for (const number of [2, 3]) plugInstance(number);
    await lab.up(2, 3);
  });
  afterAll(() => lab[Symbol.asyncDispose]());

  it('count one packet for each flow, at the rule that allows it', async () => {
    await using _echo = await TrafficProcess.start('vm3', 'echo', '7', '9', '11');
    for (const port of [7, 7, 9]) await converse(port);
    expect(await packets()).toEqual([2, 1, 0]);
    expect((await read())?.rules[1]?.counted?.octets).toBeGreaterThan(28);
  });

  it('go on through changes of other rules, a restart of the agent, and drift', async () => {
    await using _echo = await TrafficProcess.start('vm3', 'echo', '7', '9', '11');
    await lab.put(ports([11, 7, 9]));
    await converse(11);
    expect(await packets()).toEqual([1, 2, 1, 0]);
    await lab.put(ports([7, 9]));
    expect(await packets()).toEqual([2, 1, 0]);
    const ruleset = sh('nft list ruleset');
    await lab.stopAgent();
    await lab.startAgent();
    expect(sh('nft list ruleset')).toBe(ruleset);
    sh('nft flush chain inet slash32 ingress/default/counted');
    await waitUntil('repaired', () => sh('nft list chain inet slash32 ingress/default/counted').includes('@counted-'));
    await lab.applied();
    await converse(7);
    expect((await packets())[1]).toBe(1);
    expect((await packets())[0]).toBe(3);
  });

  it('carry the description, and are gone when switched off', async () => {
    await lab.put(ports([7, 9], 'échos'));
    expect(sh('nft list set inet slash32 counted-ingress4/default/counted/udp')).toContain('comment "echos"');
    const { spec, ...rest } = ports([7, 9]);
    await lab.put({ ...rest, spec: { ...spec, counters: false } });
    expect((await read())?.state).toBe('off');
    expect(sh('nft list ruleset')).not.toContain('counter');
  });
});
