import { z } from 'zod';
import {
  apiVersionField,
  dnsLabel,
  groupReferenceField,
  interfaceNameField,
  macField,
  namespacedMetadata,
  prefixField,
  statusField,
  unicastAddressField,
} from './field-types.ts';
import { logDropsField } from './log-drops.ts';

/** A virtual machine with its one interface. */
export const instanceSchema = z
  .strictObject({
    apiVersion: apiVersionField,
    kind: z.literal('Instance'),
    metadata: namespacedMetadata,
    spec: z.strictObject({
      host: dnsLabel.describe('name of the Host it runs on'),
      interface: interfaceNameField.describe('name of its tap on that host'),
      mac: macField.describe('the only source MAC address it may use, but for those of pairs'),
      network: dnsLabel.describe('name of the Network its addresses are from'),
      addresses: z
        .array(unicastAddressField)
        .min(1, 'needs at least one address')
        .refine((list) => new Set(list).size === list.length, 'has the same address twice')
        .describe('its own, of either family, from pools of its network; routed to it as /32 and /128'),
      securityGroups: z
        .array(groupReferenceField)
        .default([])
        .describe('NAME in the same namespace, or NAMESPACE/NAME'),
      allowedAddressPairs: z
        .array(
          z.strictObject({
            cidr: prefixField.describe('may be a single address'),
            mac: macField.optional().describe('left out: the instance’s own'),
          }),
        )
        .default([])
        .describe('further source addresses that the instance may use'),
      logDrops: logDropsField
        .optional()
        .describe('logs what it may not send or get; left out: as its groups say; nothing if none does'),
      portSecurity: z.boolean().default(true).describe('false: neither filtered nor checked for spoofing'),
    }),
    status: statusField,
  })
  .describe('a virtual machine with its one interface');

export type Instance = z.output<typeof instanceSchema>;
