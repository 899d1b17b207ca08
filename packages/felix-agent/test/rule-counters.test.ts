import type { GroupCounters, ResourceOfKind } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { AgentHarness } from './agent-harness.ts';
import { baseResources, HOST_NAME, instance, resource } from './resources.ts';

function group(counters?: boolean): ResourceOfKind<'SecurityGroup'> {
  return resource('SecurityGroup', {
    metadata: { name: 'open' },
    spec: {
      ...(counters === undefined ? {} : { counters }),
      rules: [
        { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 443, remote: { cidr: '10.70.0.0/16' } },
        { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: '1-1024', description: 'low' },
        { direction: 'egress', ethertype: 'IPv4' },
      ],
    },
  });
}

const COUNTED: Readonly<Record<string, { packets: number; octets: number }>> = {
  'counted-ingress4/default/open/tcp 1-1024 . 0.0.0.0/0': { packets: 7, octets: 420 },
  'counted-egress4/default/open/anything ipv4': { packets: 1, octets: 60 },
};

async function ask(harness: AgentHarness, ...groups: string[]): Promise<readonly GroupCounters[]> {
  const signal = AbortSignal.timeout(1_000);
  const { host, groups: answers } = await harness.agent.handlers['agent.counters']({ groups }, { signal });
  expect(host).toBe(HOST_NAME);
  return answers;
}

describe('agent.counters', () => {
  it('says what each rule counted, and which rule counts for one that it contains', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2), group(true)], { taps: ['tap2'] });
    harness.kernel.nft.counted = (set, key) => COUNTED[`${set} ${key}`] ?? { packets: 0, octets: 0 };
    expect(await ask(harness, 'default/open', 'default/none')).toEqual([
      {
        group: 'default/open',
        state: 'counted',
        rules: [
          { index: 0, text: 'ingress IPv4 tcp 443 from 10.70.0.0/16', countedAt: 1 },
          {
            index: 1,
            text: 'ingress IPv4 tcp 1-1024 from anybody',
            description: 'low',
            counted: { packets: 7, octets: 420 },
          },
          { index: 2, text: 'egress IPv4 any protocol to anybody', counted: { packets: 1, octets: 60 } },
        ],
      },
      { group: 'default/none', state: 'unused', rules: [] },
    ]);
  });

  it('says that a group is not counted, and no restart sends anything because of counters', async () => {
    await using harness = await AgentHarness.start([...baseResources(), instance(2), group()], { taps: ['tap2'] });
    expect(await ask(harness, 'default/open')).toMatchObject([{ state: 'off', rules: [{}, {}, {}] }]);
    await harness.put(group(true));
    expect(await ask(harness, 'default/open')).toMatchObject([{ state: 'counted' }]);
    expect(await harness.restart()).toEqual([]);
  });
});
