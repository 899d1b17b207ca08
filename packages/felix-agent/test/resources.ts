import {
  RESOURCE_SCHEMAS,
  type Resource,
  type ResourceInput,
  type ResourceKind,
  type ResourceOfKind,
} from '@slash32/shared';

/** A valid resource from what a manifest would say, without `apiVersion` and `kind`. */
export function resource<Kind extends ResourceKind>(
  kind: Kind,
  manifest: Omit<ResourceInput<Kind>, 'apiVersion' | 'kind'>,
): ResourceOfKind<Kind> {
  return RESOURCE_SCHEMAS[kind].parse({ apiVersion: 'slash32.dev/v1', kind, ...manifest }) as ResourceOfKind<Kind>;
}

export const HOST_NAME = 'compute-a1';
export const GATEWAY = '10.70.0.1';

/** The cluster's resources that most tests share: this host, another one, a network of both families, one open group. */
export function baseResources(): Resource[] {
  return [
    resource('FabricConfiguration', {
      metadata: { name: 'default' },
      spec: { asNumber: 64_512, siteCidrs: ['10.0.0.0/8', '2001:db8::/32'] },
    }),
    resource('Host', { metadata: { name: HOST_NAME }, spec: { address: '192.0.2.11' } }),
    resource('Host', { metadata: { name: 'compute-b1' }, spec: { address: '192.0.2.21' } }),
    resource('Network', {
      metadata: { name: 'private' },
      spec: { pools: [{ cidr: '10.70.0.0/16', gateway: GATEWAY }, { cidr: '2001:db8:70::/64' }] },
    }),
    openGroup('open'),
  ];
}

/** Everything out; in: ICMP, and UDP and TCP on port 7 (echo). */
export function openGroup(name: string, ports: readonly number[] = [7]): ResourceOfKind<'SecurityGroup'> {
  return resource('SecurityGroup', {
    metadata: { name },
    spec: {
      rules: [
        { direction: 'egress', ethertype: 'IPv4' },
        { direction: 'egress', ethertype: 'IPv6' },
        { direction: 'ingress', ethertype: 'IPv4', protocol: 'icmp' },
        ...ports.flatMap((port) =>
          (['tcp', 'udp'] as const).map(
            (protocol) => ({ direction: 'ingress', ethertype: 'IPv4', protocol, ports: port }) as const,
          ),
        ),
      ],
    },
  });
}

export interface InstanceOptions {
  readonly host?: string;
  readonly interface?: string;
  readonly mac?: string;
  readonly addresses?: readonly string[];
  readonly securityGroups?: readonly string[];
}

/** Instance `default/vmN` on interface `tapN` with addresses ending in N, 2 ≤ N < 65536. */
export function instance(number: number, options: InstanceOptions = {}): ResourceOfKind<'Instance'> {
  const high = number >> 8;
  const low = number & 0xff;
  const hex = (octet: number): string => octet.toString(16).padStart(2, '0');
  return resource('Instance', {
    metadata: { name: `vm${number}` },
    spec: {
      host: options.host ?? HOST_NAME,
      interface: options.interface ?? `tap${number}`,
      mac: options.mac ?? `52:54:00:00:${hex(high)}:${hex(low)}`,
      network: 'private',
      addresses: [...(options.addresses ?? [`10.70.${high}.${low}`, `2001:db8:70::${number.toString(16)}`])],
      securityGroups: [...(options.securityGroups ?? ['open'])],
    },
  });
}
