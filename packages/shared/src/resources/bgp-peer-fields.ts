/** Fields of a BGPPeer that have parts. */
import { z } from 'zod';
import { asNumberField, dnsLabel } from './field-types.ts';

/** Of a BGPPeer with `bfd: true`. */
export const BFD_DEFAULTS = { minTxMs: 100, minRxMs: 100, multiplier: 3 } as const;

const bfdIntervalField = z.int().min(10).max(60_000);

export const bfdField = z.union(
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

const REMOTE_AS_FAULT = 'must be an AS number, external (any but ours), internal (ours), or a list of AS numbers';

export const remoteAsField = z.union(
  [asNumberField, z.enum(['external', 'internal'], REMOTE_AS_FAULT), z.array(asNumberField).min(1).max(1000)],
  { error: REMOTE_AS_FAULT },
);

export const policyNames = (builtIn: string, about: string) =>
  z
    .array(dnsLabel)
    .min(1)
    .default([builtIn])
    .describe(`${about}; names of RoutePolicies, in order, or ${builtIn}. A name that is unknown lets nothing through`);

export const prefixLimit = z.strictObject({
  limit: z
    .int()
    .min(1)
    .max(0xffff_ffff)
    .describe('prefixes that the router may announce (with ADD-PATH, paths), refused ones included'),
  warnAtPercent: z.int().min(1).max(100).default(80).describe('a finding warns from here on'),
  action: z
    .enum(['warn', 'idle', 'restart'])
    .default('restart')
    .describe('above the limit: warn only; end the session until `bgp enable`; or until restartSeconds are over'),
  restartSeconds: z.int().min(1).max(65_535).default(300).describe('pause of action restart'),
});

export const addPathsField = z.strictObject({
  receive: z.boolean().default(false).describe('take several paths per prefix from the router'),
  send: z
    .union([z.enum(['all', 'multipath']), z.int().min(1).max(64)], {
      error: 'must be all, multipath, or how many of the best paths (1–64)',
    })
    .optional()
    .describe(
      'tell the router several paths per prefix: all usable ones, those that forward together, or the best so many; left out: the best one alone',
    ),
});

export const gracefulRestartField = z.strictObject({
  restartTimeSeconds: z
    .int()
    .min(1)
    .max(4095)
    .default(120)
    .describe('how long the router keeps our routes while the speaker is down'),
  stalePathSeconds: z
    .int()
    .min(1)
    .max(65_535)
    .default(360)
    .describe('how long the router may take, once it is back, to announce again what we kept of its routes'),
  notifications: z
    .boolean()
    .default(true)
    .describe(
      'keep routes also over an error that is told (a NOTIFICATION) and over an expired hold time, if the router does the same (RFC 8538); what shall end them is then sent as a Hard Reset',
    ),
  longLivedStaleTimeSeconds: z
    .int()
    .min(1)
    // 24 days: more does not fit a timer. The wire has room for 194.
    .max(2_147_483)
    .optional()
    .describe(
      'after the restart time, each side may keep the other’s routes for so long as a last resort, marked LLGR_STALE (RFC 9494; the shorter of both sides’ times counts); left out: not',
    ),
});
