import { z } from 'zod';
import { apiVersionField, namespacedMetadata, prefixField, statusField } from './field-types.ts';

/** A named list of CIDRs, both families. */
export const addressGroupSchema = z
  .strictObject({
    apiVersion: apiVersionField,
    kind: z.literal('AddressGroup'),
    metadata: namespacedMetadata,
    spec: z.strictObject({ cidrs: z.array(prefixField).default([]).describe('of either family') }),
    status: statusField,
  })
  .describe('a named list of prefixes, for rules to refer to');

export type AddressGroup = z.output<typeof addressGroupSchema>;
