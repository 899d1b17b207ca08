import { z } from 'zod';
import {
  apiVersionField,
  asNumberField,
  clusterMetadata,
  ipAddressField,
  selectorField,
  statusField,
} from './field-types.ts';

/** Of a BGPPeer with `bfd: true`. */
export const BFD_DEFAULTS = { minTxMs: 100, minRxMs: 100, multiplier: 3 } as const;

const bfdIntervalField = z.int().min(10).max(60_000);

const bfdField = z.union(
  [
    z.boolean(),
    z.strictObject({
      minTxMs: bfdIntervalField.default(BFD_DEFAULTS.minTxMs).describe('least milliseconds between packets we send'),
      minRxMs: bfdIntervalField
        .default(BFD_DEFAULTS.minRxMs)
        .describe('least milliseconds between packets the router may send'),
      multiplier: z
        .int()
        .min(1)
        .max(255)
        .default(BFD_DEFAULTS.multiplier)
        .describe('packets missing in a row, of ours, after which the router takes us for dead'),
    }),
  ],
  { error: 'must be true, false, or a mapping of minTxMs, minRxMs and multiplier' },
);

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
      bfd: bfdField
        .optional()
        .describe(
          'notice within milliseconds that the router is gone (RFC 5880, 5882): true is every 100 ms, 3 missing; left out: the hold time alone',
        ),
      gracefulRestart: z
        .strictObject({ restartTimeSeconds: z.int().min(1).max(4095).default(120) })
        .default({ restartTimeSeconds: 120 })
        .describe('how long the router keeps our routes while the speaker is down (RFC 4724)'),
    }),
    status: statusField,
  })
  .describe('a router that the selected hosts hold a BGP session with');

export type BGPPeer = z.output<typeof bgpPeerSchema>;
