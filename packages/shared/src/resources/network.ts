import { z } from 'zod';
import { parseIpAddress } from '../address/ip-address.ts';
import { parseIpPrefix, prefixContains } from '../address/ip-prefix.ts';
import { apiVersionField, clusterMetadata, ipAddressField, prefixField, statusField } from './field-types.ts';

const poolSchema = z
  .strictObject({
    cidr: prefixField.describe('addresses of instances are from here'),
    gateway: ipAddressField
      .optional()
      .describe('first hop of the instances, answered by every host; left out for IPv6: the link-local fe80::1'),
  })
  .check((context) => {
    const { cidr, gateway } = context.value;
    if (gateway === undefined) {
      if (!cidr.includes(':')) {
        context.issues.push({
          code: 'custom',
          input: context.value,
          path: ['gateway'],
          message: 'is missing: an IPv4 pool needs a gateway, usually the first address of its cidr',
        });
      }
    } else if (gateway.includes(':') !== cidr.includes(':')) {
      context.issues.push({
        code: 'custom',
        input: gateway,
        path: ['gateway'],
        message: `must be of the same family as cidr ${cidr}`,
      });
    } else if (!prefixContains(parseIpPrefix(cidr), parseIpAddress(gateway)) && !gateway.startsWith('fe80:')) {
      context.issues.push({
        code: 'custom',
        input: gateway,
        path: ['gateway'],
        message: `must be inside cidr ${cidr}`,
      });
    }
  });

/** A pool of addresses and what may leave it; not a layer-2 segment. */
export const networkSchema = z
  .strictObject({
    apiVersion: apiVersionField,
    kind: z.literal('Network'),
    metadata: clusterMetadata,
    spec: z.strictObject({
      pools: z
        .array(poolSchema)
        .min(1, 'needs at least one pool')
        .describe('where its addresses come from, of either family'),
      reach: z
        .enum(['internet', 'site'])
        .default('internet')
        .describe('site: nothing outside siteCidrs, whatever groups say'),
      egressNat: z
        .strictObject({
          ipv4: z.enum(['none', 'masquerade']).default('none').describe('masquerade: seen as an address of the host'),
        })
        .default({ ipv4: 'none' })
        .describe('translation of what leaves the site: masquerade to the compute host’s address, or none'),
    }),
    status: statusField,
  })
  .describe('a pool of addresses and what may leave it; not a layer-2 segment');

export type Network = z.output<typeof networkSchema>;
