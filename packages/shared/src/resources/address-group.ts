import { z } from 'zod';
import { apiVersionField, namespacedMetadata, prefixField, statusField } from './field-types.ts';

/** A named list of CIDRs, both families. */
export const addressGroupSchema = z.strictObject({
  apiVersion: apiVersionField,
  kind: z.literal('AddressGroup'),
  metadata: namespacedMetadata,
  spec: z.strictObject({ cidrs: z.array(prefixField).default([]) }),
  status: statusField,
});

export type AddressGroup = z.output<typeof addressGroupSchema>;
