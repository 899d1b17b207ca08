import { RESOURCE_SCHEMAS, type Resource, type ResourceInput, type ResourceKind } from '@slash32/shared';
import { benchInstance } from '../lab/instances.ts';

/** How many of what. Instances 0 to `local` − 1 are on the host that is measured, the others 200 to a host. */
export interface FabricShape {
  readonly instances: number;
  readonly groups: number;
  readonly local: number;
}

export const LOCAL_HOST = 'compute-1';
const PER_HOST = 200;

/** A resource as the datastore gives it, validated by its schema. */
export function resource<Kind extends ResourceKind>(
  kind: Kind,
  manifest: Omit<ResourceInput<Kind>, 'apiVersion' | 'kind'>,
): Resource {
  return RESOURCE_SCHEMAS[kind].parse({ apiVersion: 'slash32.dev/v1', kind, ...manifest });
}

function hostOf(number: number, { local }: FabricShape): string {
  return number < local ? LOCAL_HOST : `compute-${2 + Math.floor((number - local) / PER_HOST)}`;
}

/** Instance `number`, 0 ≤ number < 900,000, in one group. */
export function memberOf(number: number, group: number, shape: FabricShape): Resource {
  const { name, mac, address, interface: tap } = benchInstance(number);
  return resource('Instance', {
    metadata: { namespace: 'bench', name },
    spec: {
      host: hostOf(number, shape),
      interface: tap,
      mac,
      network: 'net',
      addresses: [address],
      securityGroups: [`g${group}`],
    },
  });
}

/** SSH from anywhere, one service port from a network, everything among members, all egress. */
export function groupOf(group: number, servicePort = 443): Resource {
  return resource('SecurityGroup', {
    metadata: { namespace: 'bench', name: `g${group}` },
    spec: {
      rules: [
        { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 22 },
        {
          direction: 'ingress',
          ethertype: 'IPv4',
          protocol: 'tcp',
          ports: servicePort,
          remote: { cidr: '10.0.0.0/8' },
        },
        { direction: 'ingress', ethertype: 'IPv4', remote: { group: `g${group}` } },
        { direction: 'egress', ethertype: 'IPv4' },
      ],
    },
  });
}

/** Everything; instance i is in group i modulo the number of groups. `spareHosts`: room for instances added later. */
export function* fabricResources(shape: FabricShape, spareHosts = 1): Generator<Resource> {
  yield resource('FabricConfiguration', {
    metadata: { name: 'default' },
    spec: { siteCidrs: ['10.0.0.0/8', '192.0.2.0/24'] },
  });
  const hosts = 1 + Math.ceil((shape.instances - shape.local) / PER_HOST) + spareHosts;
  for (let host = 1; host <= hosts; host += 1) {
    yield resource('Host', {
      metadata: { name: `compute-${host}` },
      spec: { address: `172.16.${host >> 8}.${host & 255}` },
    });
  }
  yield resource('Network', {
    metadata: { name: 'net' },
    spec: { pools: [{ cidr: '10.64.0.0/12', gateway: '10.64.0.1' }] },
  });
  for (let group = 0; group < shape.groups; group += 1) yield groupOf(group);
  for (let number = 0; number < shape.instances; number += 1) yield memberOf(number, number % shape.groups, shape);
}
