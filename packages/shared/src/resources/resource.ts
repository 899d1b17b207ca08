import type { z } from 'zod';
import { type AddressGroup, addressGroupSchema } from './address-group.ts';
import { type BGPPeer, bgpPeerSchema } from './bgp-peer.ts';
import { type FabricConfiguration, fabricConfigurationSchema } from './fabric-configuration.ts';
import { type Host, hostSchema } from './host.ts';
import { type Instance, instanceSchema } from './instance.ts';
import { type Network, networkSchema } from './network.ts';
import { type RoutePolicy, routePolicySchema } from './route-policy.ts';
import { type SecurityGroup, securityGroupSchema } from './security-group.ts';

/** The schema of every kind; the source of truth for validation, `fabricctl explain` and editors. */
export const RESOURCE_SCHEMAS = {
  FabricConfiguration: fabricConfigurationSchema,
  Host: hostSchema,
  Network: networkSchema,
  Instance: instanceSchema,
  SecurityGroup: securityGroupSchema,
  AddressGroup: addressGroupSchema,
  BGPPeer: bgpPeerSchema,
  RoutePolicy: routePolicySchema,
} as const;

export type ResourceKind = keyof typeof RESOURCE_SCHEMAS;

export const RESOURCE_KINDS = Object.keys(RESOURCE_SCHEMAS) as readonly ResourceKind[];

/** Kinds that live in a tenant's namespace; the others are cluster-wide. */
export const NAMESPACED_KINDS: ReadonlySet<ResourceKind> = new Set(['Instance', 'SecurityGroup', 'AddressGroup']);

/** A valid resource, normalised: defaults filled in, addresses canonical, protocols as numbers. */
export type Resource =
  | FabricConfiguration
  | Host
  | Network
  | Instance
  | SecurityGroup
  | AddressGroup
  | BGPPeer
  | RoutePolicy;

export type ResourceOfKind<Kind extends ResourceKind> = Extract<Resource, { kind: Kind }>;

/** What a manifest of a kind may look like, before normalising. */
export type ResourceInput<Kind extends ResourceKind> = z.input<(typeof RESOURCE_SCHEMAS)[Kind]>;
