import { z } from 'zod';
import {
  apiVersionField,
  asNumberField,
  clusterMetadata,
  ipv4AddressField,
  ipv6AddressField,
  statusField,
  unicastAddressField,
} from './field-types.ts';

/** A compute host. */
export const hostSchema = z
  .strictObject({
    apiVersion: apiVersionField,
    kind: z.literal('Host'),
    metadata: clusterMetadata,
    spec: z.strictObject({
      address: ipv4AddressField
        .pipe(unicastAddressField)
        .describe('underlay address; router id and masquerade source unless these are set'),
      address6: ipv6AddressField.pipe(unicastAddressField).optional().describe('underlay IPv6 address'),
      asNumber: asNumberField.optional().describe('AS number; left out: the FabricConfiguration’s'),
      routerId: ipv4AddressField.optional().describe('BGP identifier; left out: `address`'),
      clusterId: ipv4AddressField
        .optional()
        .describe(
          'cluster of the BGP route reflector that this host is, if it is one (RFC 4456); left out: the router id',
        ),
      masqueradeAddress: ipv4AddressField
        .pipe(unicastAddressField)
        .optional()
        .describe('source of translated traffic of instances here; left out: `address`'),
    }),
    status: statusField,
  })
  .describe('a compute host');

export type Host = z.output<typeof hostSchema>;
