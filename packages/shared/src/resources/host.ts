import { z } from 'zod';
import { formatIpPrefix, type IpPrefix, prefixContains, tryParseIpPrefix } from '../address/ip-prefix.ts';
import {
  apiVersionField,
  asNumberField,
  clusterMetadata,
  ipv4AddressField,
  ipv6AddressField,
  prefixField,
  statusField,
  unicastAddressField,
} from './field-types.ts';

const blockField = prefixField.refine(
  (text) => !text.endsWith('/32') && !text.endsWith('/128'),
  'must be a block of several addresses; a single one is announced anyway',
);

function checkBlocks(blocks: readonly string[], context: z.RefinementCtx): void {
  const prefixes = blocks.map((text) => tryParseIpPrefix(text));
  for (const [index, prefix] of prefixes.entries()) {
    const other = prefixes.slice(0, index).find((each) => prefix && each && overlaps(prefix, each));
    if (other === undefined) continue;
    context.addIssue({
      code: 'custom',
      path: [index],
      message: `overlaps ${formatIpPrefix(other)}, which is a block already; remove one of them`,
    });
  }
}

function overlaps(left: IpPrefix, right: IpPrefix): boolean {
  return prefixContains(left, right) || prefixContains(right, left);
}

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
      blocks: z
        .array(blockField)
        .default([])
        .superRefine(checkBlocks)
        .describe(
          'address blocks that are wholly this host’s: each is announced as one route instead of its instances’ addresses. An address of another host’s block is announced by itself',
        ),
    }),
    status: statusField,
  })
  .describe('a compute host');

export type Host = z.output<typeof hostSchema>;
