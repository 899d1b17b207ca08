import { z } from 'zod';
import { tryParseIpPrefix } from '../address/ip-prefix.ts';
import { tryAsPathPattern } from '../bgp/as-path-pattern.ts';
import {
  type CommunityPattern,
  formatCommunityPattern,
  tryParseCommunity,
  tryParseCommunityPattern,
  tryParseLargeCommunity,
  tryParseLargeCommunityPattern,
} from '../bgp/community-text.ts';
import { apiVersionField, asNumberField, clusterMetadata, dnsLabel, prefixField, statusField } from './field-types.ts';

/** Policies that every host has, and that a peer which names none gets. No RoutePolicy may have their names. */
export const BUILT_IN_POLICIES = {
  /** Accepts every route. */
  import: 'default-import',
  /** Accepts every route of an instance on this host; there are no others to export. */
  export: 'default-export',
} as const;

const uint32Field = z.int('must be a whole number').min(0).max(0xffff_ffff);

const communityText = (
  parse: (text: string) => CommunityPattern | number | readonly number[] | undefined,
  how: string,
) =>
  z.string().transform((text, context) => {
    const parsed = parse(text);
    if (parsed === undefined) {
      context.addIssue(`"${text}" is not a community; write it like ${how}`);
      return z.NEVER;
    }
    return formatCommunityPattern(typeof parsed === 'number' ? [parsed >>> 16, parsed & 0xffff] : parsed);
  });
const community = communityText(tryParseCommunity, '65001:100 or NO_EXPORT');
const communityPattern = communityText(tryParseCommunityPattern, '65001:100, 65001:* or NO_EXPORT');
const largeCommunity = communityText(tryParseLargeCommunity, '64512:1:2');
const largeCommunityPattern = communityText(tryParseLargeCommunityPattern, '64512:1:2 or 64512:*:*');

const prefixRange = z
  .strictObject({
    cidr: prefixField.describe('the prefix, and with ge or le also prefixes inside it'),
    ge: z.int().min(0).max(128).optional().describe('shortest length; left out: the length of cidr'),
    le: z
      .int()
      .min(0)
      .max(128)
      .optional()
      .describe('longest length; left out: with ge the longest there is, without ge the length of cidr'),
  })
  .superRefine(({ cidr, ge, le }, context) => {
    const prefix = tryParseIpPrefix(cidr);
    if (prefix === undefined) return;
    const longest = prefix.family === 4 ? 32 : 128;
    const low = ge ?? prefix.length;
    const high = le ?? (ge === undefined ? prefix.length : longest);
    const problem = (path: 'ge' | 'le', message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    if (low < prefix.length) problem('ge', `must be at least ${prefix.length}, the length of ${cidr}`);
    else if (low > longest) problem('ge', `must be at most ${longest}`);
    else if (high > longest) problem('le', `must be at most ${longest}`);
    else if (high < low) problem('le', `must be at least ${low}`);
  });

const range = (about: string) =>
  z
    .strictObject({ ge: uint32Field.optional(), le: uint32Field.optional() })
    .refine(({ ge = 0, le = 0xffff_ffff }) => ge <= le, { path: ['le'], message: 'must not be less than ge' })
    .describe(about);

const asPathPattern = z.string().superRefine((text, context) => {
  const outcome = tryAsPathPattern(text);
  if ('problem' in outcome) context.addIssue(`"${text}" ${outcome.problem}; write it like "65001 .* (65010|65020)"`);
});

const asPathMatch = z.strictObject({
  contains: z.array(asNumberField).min(1).optional().describe('any of these is in the path'),
  originAs: z.array(asNumberField).min(1).optional().describe('the last AS of the path is any of these'),
  neighborAs: z.array(asNumberField).min(1).optional().describe('the first AS of the path is any of these'),
  pattern: asPathPattern
    .optional()
    .describe(
      'the whole path, nearest AS first: numbers, ranges, . for any one, ( | ), * + ?; as in "65001 .* (64512-65534)"',
    ),
  length: range('number of AS numbers in the path, a set counting 1').optional(),
});

const match = z.strictObject({
  family: z.enum(['ipv4-unicast', 'ipv6-unicast']).optional(),
  prefixes: z.array(prefixRange).min(1).optional().describe('any of these'),
  communities: z.array(communityPattern).min(1).optional().describe('has any of these; * stands for any number'),
  largeCommunities: z.array(largeCommunityPattern).min(1).optional().describe('has any of these (RFC 8092)'),
  asPath: asPathMatch.optional().describe('all that is given must hold'),
  nextHop: z.array(prefixField).min(1).optional().describe('the next hop is in any of these'),
  metric: range(
    'metric of the kernel’s route, as `ip route` shows it; export only, IPv6 routes have 1024 by default',
  ).optional(),
});

const communityChange = <Exact extends z.ZodType, Pattern extends z.ZodType>(exact: Exact, pattern: Pattern) =>
  z
    .strictObject({
      set: z.array(exact).optional().describe('these and no others; an empty list removes all'),
      remove: z.array(pattern).min(1).optional().describe('all that any of these matches'),
      add: z.array(exact).min(1).optional().describe('these as well'),
    })
    .refine((change) => change.set === undefined || change.remove === undefined, {
      path: ['remove'],
      message: 'has no meaning beside set; leave one of them out',
    });

const set = z.strictObject({
  localPref: uint32Field
    .optional()
    .describe('LOCAL_PREF; higher is better, 100 if nobody says; sent to iBGP peers only'),
  med: uint32Field.optional().describe('MULTI_EXIT_DISC; lower is better'),
  communities: communityChange(community, communityPattern).optional(),
  largeCommunities: communityChange(largeCommunity, largeCommunityPattern).optional(),
  prepend: z
    .int()
    .min(1)
    .max(32)
    .optional()
    .describe('repeat the nearest AS of the path so many times more; a path without any stays empty'),
});

const term = z
  .strictObject({
    name: dnsLabel.optional().describe('how `bgp routes --why` calls it; left out: its number'),
    match: match.default({}).describe('all that is given must hold; empty: every route'),
    action: z
      .enum(['accept', 'reject', 'next'])
      .describe('accept and reject end the policy; next changes the route and goes on with the next term'),
    set: set.optional().describe('what to change; later terms see the changed route'),
  })
  .refine(({ action, set: changes }) => action !== 'reject' || changes === undefined, {
    path: ['set'],
    message: 'has no effect on a rejected route; leave it out',
  })
  .refine(({ action, set: changes }) => action !== 'next' || changes !== undefined, {
    path: ['set'],
    message: 'is missing: action next without it does nothing',
  });

/** What may come in from a router or go out to it, and how it is changed. */
export const routePolicySchema = z
  .strictObject({
    apiVersion: apiVersionField,
    kind: z.literal('RoutePolicy'),
    metadata: clusterMetadata,
    spec: z.strictObject({
      terms: z
        .array(term)
        .describe(
          'in order; the first that matches with accept or reject decides. A route that none decides goes to the next policy of the peer, and is rejected after the last',
        ),
    }),
    status: statusField,
  })
  .refine(({ metadata }) => !Object.values<string>(BUILT_IN_POLICIES).includes(metadata.name), {
    path: ['metadata', 'name'],
    message: 'is the name of a built-in policy; choose another',
  })
  .describe('which routes BGPPeers accept or announce, and with which attributes');

export type RoutePolicy = z.output<typeof routePolicySchema>;
export type RoutePolicyTerm = RoutePolicy['spec']['terms'][number];
