import {
  type AddressGroup,
  addressGroupSchema,
  type Host,
  hostSchema,
  type Instance,
  instanceSchema,
} from '../../src/index.ts';

export function sampleHost(name: string, address = '192.0.2.1'): Host {
  return hostSchema.parse({ apiVersion: 'slash32.dev/v1', kind: 'Host', metadata: { name }, spec: { address } });
}

export function sampleInstance(name: string, labels: Record<string, string> = {}): Instance {
  return instanceSchema.parse({
    apiVersion: 'slash32.dev/v1',
    kind: 'Instance',
    metadata: { name, namespace: 'tenant-a', labels },
    spec: {
      host: 'compute-a1',
      interface: `tap-${name}`,
      mac: '52:54:00:00:00:01',
      network: 'public',
      addresses: ['203.0.113.10'],
    },
  });
}

export function sampleAddressGroup(name: string, cidrs: readonly string[]): AddressGroup {
  return addressGroupSchema.parse({
    apiVersion: 'slash32.dev/v1',
    kind: 'AddressGroup',
    metadata: { name, namespace: 'tenant-a' },
    spec: { cidrs: [...cidrs] },
  });
}
