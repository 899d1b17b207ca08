import type { Resource } from '@slash32/shared';
import { fabric, host, instance, network, type RuleInput, securityGroup } from './manifests.ts';

/** The scenario of the seven screens: three instances on two hosts, `W` on the internet, and 1.1.1.1. */

export const W = '198.51.100.7';
export const HOST_OF_DEF = '192.0.2.12';

export function screenFabric(placement: { pub: string; def: string; prv: string }): Resource[] {
  return [
    fabric({ siteCidrs: ['10.0.0.0/8', '203.0.113.0/24', '2001:db8::/32'] }),
    host('compute-a1', { address: '192.0.2.11' }),
    host('compute-b1', { address: HOST_OF_DEF }),
    network('public', { pools: [{ cidr: '203.0.113.0/24', gateway: '203.0.113.1' }, { cidr: '2001:db8:1::/64' }] }),
    network('default-v4-nat', {
      pools: [{ cidr: '10.70.0.0/16', gateway: '10.70.0.1' }, { cidr: '2001:db8:70::/64' }],
      egressNat: { ipv4: 'masquerade' },
    }),
    network('private', {
      pools: [{ cidr: '10.80.0.0/16', gateway: '10.80.0.1' }, { cidr: '2001:db8:80::/64' }],
      reach: 'site',
    }),
    ...(
      [
        ['pub', placement.pub, 'public', ['203.0.113.10', '2001:db8:1::10'], '52:54:00:00:00:01'],
        ['def', placement.def, 'default-v4-nat', ['10.70.0.10', '2001:db8:70::10'], '52:54:00:00:00:02'],
        ['prv', placement.prv, 'private', ['10.80.0.10', '2001:db8:80::10'], '52:54:00:00:00:03'],
      ] as const
    ).map(([name, onHost, itsNetwork, addresses, mac]) =>
      instance(`lab/${name}`, {
        host: onHost,
        interface: `tap${name}`,
        mac,
        network: itsNetwork,
        addresses: [...addresses],
        securityGroups: [name],
      }),
    ),
  ];
}

type Name = 'pub' | 'def' | 'prv';

const v4 = { ethertype: 'IPv4' } as const;

/** Rules of each step; a step's groups hold those of the steps before, too. */
const STEPS: readonly Readonly<Partial<Record<Name, readonly RuleInput[]>>>[] = [
  {},
  { pub: [{ direction: 'egress', ...v4 }] },
  { pub: [{ direction: 'ingress', ...v4, protocol: 'tcp', ports: 443, remote: { cidr: '0.0.0.0/0' } }] },
  { def: [{ direction: 'ingress', ...v4, protocol: 'tcp', ports: 80, remote: { group: 'pub' } }] },
  { pub: [{ direction: 'ingress', ...v4, protocol: 'tcp', ports: 3333, remote: { group: 'def' } }] },
  { def: [{ direction: 'egress', ...v4, protocol: 'tcp', ports: 3333, remote: { group: 'pub' } }] },
  {
    def: [{ direction: 'ingress', ...v4, protocol: 'tcp', ports: 4545, remote: { group: 'prv' } }],
    prv: [{ direction: 'egress', ...v4 }],
  },
  { def: [{ direction: 'egress', ...v4, protocol: 'tcp', ports: 443, remote: { cidr: '1.1.1.1/32' } }] },
];

export const STEP_NAMES = ['1', '2', '3', '4', '5a', '5b', '6', '7'] as const;

/** The three groups after a step, by index in {@link STEP_NAMES}. */
export function screenGroups(step: number): Resource[] {
  return (['pub', 'def', 'prv'] as const).map((name) =>
    securityGroup(
      `lab/${name}`,
      STEPS.slice(0, step + 1).flatMap((some) => some[name] ?? []),
    ),
  );
}

export const PORTS = [80, 81, 443, 3333, 4545] as const;

/** `from > to:port`, with the source address that the receiver sees, from the step in which it begins to pass. */
export const PASSES: readonly { since: number; from: Name | string; to: Name | string; port: number; seen: string }[] =
  [
    ...[W, '1.1.1.1', '8.8.8.8'].flatMap((to) =>
      PORTS.map((port) => ({ since: 1, from: 'pub', to, port, seen: '203.0.113.10' })),
    ),
    { since: 2, from: W, to: 'pub', port: 443, seen: W },
    { since: 2, from: '1.1.1.1', to: 'pub', port: 443, seen: '1.1.1.1' },
    { since: 2, from: '8.8.8.8', to: 'pub', port: 443, seen: '8.8.8.8' },
    { since: 3, from: 'pub', to: 'def', port: 80, seen: '203.0.113.10' },
    { since: 5, from: 'def', to: 'pub', port: 3333, seen: '10.70.0.10' },
    { since: 6, from: 'prv', to: 'def', port: 4545, seen: '10.80.0.10' },
    { since: 6, from: 'prv', to: 'pub', port: 443, seen: '10.80.0.10' },
    { since: 7, from: 'def', to: '1.1.1.1', port: 443, seen: HOST_OF_DEF },
  ];

export const ENDS: readonly (Name | string)[] = ['pub', 'def', 'prv', W, '1.1.1.1', '8.8.8.8'];
