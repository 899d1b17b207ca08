import { z } from 'zod';
import {
  apiVersionField,
  asNumberField,
  clusterMetadata,
  ipAddressField,
  prefixField,
  statusField,
} from './field-types.ts';

const hostServiceField = z.strictObject({
  protocol: z.enum(['tcp', 'udp'], 'must be tcp or udp'),
  port: z.int().min(1).max(65_535),
  address: ipAddressField
    .optional()
    .describe('of the host, for example 169.254.169.254; left out: the gateways of its instances'),
});

export type HostService = z.output<typeof hostServiceField>;

/** Settings of the whole fabric. There is one, named `default`. */
export const fabricConfigurationSchema = z
  .strictObject({
    apiVersion: apiVersionField,
    kind: z.literal('FabricConfiguration'),
    metadata: clusterMetadata.refine((metadata) => metadata.name === 'default', {
      path: ['name'],
      message: 'must be "default": there is one FabricConfiguration',
    }),
    spec: z.strictObject({
      asNumber: asNumberField.optional().describe('AS number of hosts that set none'),
      siteCidrs: z
        .array(prefixField)
        .default([])
        .describe('the site: traffic to these is never translated, and `reach: site` ends at them'),
      interfacePrefixes: z
        .array(z.string().regex(/^[A-Za-z0-9_.-]{1,14}$/, 'must be 1–14 letters, digits, "_", "." or "-"'))
        .min(1, 'needs at least one prefix, or no interface would be closed by default')
        .default(['tap'])
        .describe(
          'interfaces whose names start so belong to instances: nothing passes them unless an Instance claims them',
        ),
      ebgpRequiresPolicy: z
        .boolean()
        .default(false)
        .describe(
          'RFC 8212 to the letter: towards routers of another AS the built-in policies count as none, so nothing comes in or goes out before `import` and `export` name a RoutePolicy',
        ),
      hostServices: z
        .array(hostServiceField)
        .default([])
        .describe(
          'what a host answers its own instances besides DHCP, neighbour discovery and an echo of the gateway: DNS, metadata',
        ),
      policyCounters: z
        .boolean()
        .default(false)
        .describe('rules of all SecurityGroups count the packets that they let pass, unless a group says otherwise'),
    }),
    status: statusField,
  })
  .describe('settings of the whole fabric; there is one, named default');

export type FabricConfiguration = z.output<typeof fabricConfigurationSchema>;
