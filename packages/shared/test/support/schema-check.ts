import { expect } from 'vitest';
import { parseManifests, type ResourceKind } from '../../src/index.ts';

/** One good spec per kind; a case changes some fields of it. */
const GOOD_SPECS: Readonly<Record<ResourceKind, Record<string, unknown>>> = {
  FabricConfiguration: { asNumber: 64512, siteCidrs: ['10.0.0.0/8', '2001:db8::/32'], interfacePrefixes: ['tap'] },
  Host: { address: '192.0.2.11', address6: '2001:db8:f::11', asNumber: 64601 },
  Network: { pools: [{ cidr: '10.70.0.0/16', gateway: '10.70.0.1' }, { cidr: '2001:db8:70::/64' }], reach: 'internet' },
  Instance: {
    host: 'compute-a1',
    interface: 'tapweb1',
    mac: '52:54:00:00:00:01',
    network: 'public',
    addresses: ['203.0.113.10', '2001:db8:1::10'],
    securityGroups: ['web', 'tenant-b/shared'],
    allowedAddressPairs: [{ cidr: '203.0.113.99/32', mac: '52:54:00:00:00:02' }],
  },
  SecurityGroup: { rules: [{ direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 443 }] },
  AddressGroup: { cidrs: ['198.51.100.0/24'] },
  BGPPeer: { hosts: 'rack == "a"', address: '192.0.2.1', asNumber: 64901 },
  RoutePolicy: { terms: [{ match: { prefixes: [{ cidr: '10.0.0.0/8', le: 24 }] }, action: 'accept' }] },
};

/** Checks a manifest of `kind` with `spec` (and `metadata`) over the good one; as YAML, since JSON is YAML. */
export function checkManifest(
  kind: ResourceKind,
  spec: Record<string, unknown>,
  metadata: Record<string, unknown> = {},
) {
  const name = kind === 'FabricConfiguration' ? 'default' : 'x';
  const manifest = {
    apiVersion: 'slash32.dev/v1',
    kind,
    metadata: { name, ...metadata },
    spec: { ...GOOD_SPECS[kind], ...spec },
  };
  return parseManifests({ file: 'f', text: JSON.stringify(manifest) });
}

/** What the manifest is refused for. */
export function messagesOf(
  kind: ResourceKind,
  spec: Record<string, unknown>,
  metadata: Record<string, unknown> = {},
): string[] {
  return checkManifest(kind, spec, metadata).problems.map(({ message }) => message);
}

/** The good manifest's spec as the schema leaves it. */
export function normalised(kind: ResourceKind, spec: Record<string, unknown>): Record<string, unknown> {
  const { manifests, problems } = checkManifest(kind, spec);
  expect(problems).toEqual([]);
  return { ...manifests[0]?.resource.spec };
}

/** A RoutePolicy of one term. */
export const term = (fields: Record<string, unknown>) => ({ terms: [{ action: 'accept', ...fields }] });
/** A SecurityGroup of one rule. */
export const rule = (fields: Record<string, unknown>) => ({
  rules: [{ direction: 'ingress', ethertype: 'IPv4', ...fields }],
});

/** Kind, fields over the good spec, and what they are refused for. */
export type RefusedFields = readonly [ResourceKind, Record<string, unknown>, readonly string[]];
