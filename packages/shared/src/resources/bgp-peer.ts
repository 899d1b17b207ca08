import { z } from 'zod';
import {
  apiVersionField,
  asNumberField,
  clusterMetadata,
  ipAddressField,
  selectorField,
  statusField,
} from './field-types.ts';

/** A router that the selected hosts hold a BGP session with. */
export const bgpPeerSchema = z
  .strictObject({
    apiVersion: apiVersionField,
    kind: z.literal('BGPPeer'),
    metadata: clusterMetadata,
    spec: z.strictObject({
      hosts: selectorField.describe('label selector over Hosts, for example rack == "a"'),
      address: ipAddressField.describe('address of the router'),
      asNumber: asNumberField.describe('AS number of the router'),
      localAddress: ipAddressField.optional().describe('source of the session; left out: the kernel’s choice'),
      families: z
        .array(z.enum(['ipv4-unicast', 'ipv6-unicast']))
        .min(1)
        .default(['ipv4-unicast', 'ipv6-unicast'])
        .describe('address families to exchange'),
      holdTimeSeconds: z
        .int()
        .refine(
          (seconds) => seconds === 0 || (seconds >= 3 && seconds <= 65_535),
          'must be 0 (never expires) or 3–65535 (RFC 4271 4.2)',
        )
        .default(90)
        .describe('down after this long without a word from the router'),
      connectRetrySeconds: z.int().min(1).max(65_535).default(5).describe('pause before connecting again'),
      passive: z.boolean().default(false).describe('wait for the router to connect'),
      multihopTtl: z
        .int()
        .min(1)
        .max(255)
        .optional()
        .describe('hops to an eBGP router that is not on the link; left out: 1'),
      gracefulRestart: z
        .strictObject({ restartTimeSeconds: z.int().min(1).max(4095).default(120) })
        .default({ restartTimeSeconds: 120 })
        .describe('how long the router keeps our routes while the speaker is down (RFC 4724)'),
    }),
    status: statusField,
  })
  .describe('a router that the selected hosts hold a BGP session with');

export type BGPPeer = z.output<typeof bgpPeerSchema>;
