import type { Resource } from '@slash32/shared';
import { benchInstance } from '../lab/instances.ts';
import { resource } from '../policy/large-fabric.ts';

/** What the rules of an instance mostly are: many networks, many ports, or many groups of others. */
export const SHAPES = ['cidrs', 'ports', 'groups'] as const;
export type Shape = (typeof SHAPES)[number];

export const CLIENT = benchInstance(1);
export const SERVER = benchInstance(2);
export const THROUGHPUT_PORT = 5_201;
export const CONNECT_PORT = 7_000;
export const SHARED_CONNECT_PORT = 7_001;
export const PACKET_PORT = 6_000;
/** Members of remote groups, one each: instance numbers from here on, on another host. */
const FIRST_REMOTE = 1_000;
/** Sorts behind the remote groups, so that a walk over them would be whole. */
const CLIENT_GROUP = 'visitors';

/** Rules that admit what is measured; they are the last. */
const MEASURED_RULES = 4;

/** `count` > 4 rules on the server, the last of which admit what is measured; the client may send anything. */
export function* shapedFabric(shape: Shape, count: number): Generator<Resource> {
  yield resource('FabricConfiguration', {
    metadata: { name: 'default' },
    spec: { siteCidrs: ['10.0.0.0/8', '192.0.2.0/24'] },
  });
  yield resource('Host', { metadata: { name: 'compute-1' }, spec: { address: '192.0.2.11' } });
  yield resource('Host', { metadata: { name: 'compute-2' }, spec: { address: '192.0.2.12' } });
  yield resource('Network', {
    metadata: { name: 'net' },
    spec: { pools: [{ cidr: '10.64.0.0/12', gateway: '10.64.0.1' }] },
  });
  yield group(CLIENT_GROUP, [{ direction: 'egress', ethertype: 'IPv4' }]);
  yield serverGroup(shape, count);
  if (shape === 'groups') {
    for (let index = 0; index < count - MEASURED_RULES; index += 1) {
      yield group(`remote-${index}`, []);
      yield member(FIRST_REMOTE + index, 'compute-2', `remote-${index}`);
    }
  }
  yield member(1, 'compute-1', CLIENT_GROUP);
  yield member(2, 'compute-1', 'server');
}

/** Its last rule is about `packetPort`. */
export function serverGroup(shape: Shape, count: number, packetPort = PACKET_PORT): Resource {
  const remote = shape === 'groups' ? { group: CLIENT_GROUP } : { cidr: '10.0.0.0/8' };
  return group('server', [
    ...Array.from({ length: count - MEASURED_RULES }, (_, index) => otherRule(shape, index)),
    { ...INGRESS, protocol: 'tcp', ports: THROUGHPUT_PORT, remote },
    { ...INGRESS, protocol: 'tcp', ports: CONNECT_PORT, remote },
    { ...INGRESS, protocol: 'tcp', ports: SHARED_CONNECT_PORT, remote },
    { ...INGRESS, protocol: 'udp', ports: packetPort, remote },
  ]);
}

type Rule = NonNullable<Parameters<typeof resource<'SecurityGroup'>>[1]['spec']['rules']>[number];
const INGRESS = { direction: 'ingress', ethertype: 'IPv4' } as const;

/** A rule that does not admit what is measured, half of them TCP. */
function otherRule(shape: Shape, index: number): Rule {
  const protocol = index % 2 === 0 ? 'tcp' : 'udp';
  switch (shape) {
    case 'cidrs': {
      const cidr = `172.${16 + (index >> 12)}.${(index >> 4) & 255}.${(index & 15) << 4}/28`;
      return { ...INGRESS, protocol, ports: 443, remote: { cidr } };
    }
    case 'ports':
      return { ...INGRESS, protocol, ports: 10_000 + 3 * index, remote: { cidr: '10.0.0.0/8' } };
    case 'groups':
      return { ...INGRESS, protocol, ports: 10_000 + (index % 1_000), remote: { group: `remote-${index}` } };
  }
}

function group(name: string, rules: readonly Rule[]): Resource {
  return resource('SecurityGroup', { metadata: { namespace: 'bench', name }, spec: { rules: [...rules] } });
}

function member(number: number, host: string, securityGroup: string): Resource {
  const { name, mac, address, interface: tap } = benchInstance(number);
  return resource('Instance', {
    metadata: { namespace: 'bench', name },
    spec: {
      host,
      interface: tap,
      mac,
      network: 'net',
      addresses: [address],
      securityGroups: [securityGroup],
    },
  });
}
