import { z } from 'zod';

/** Whether and how often dropped packets are logged. */
export const logDropsField = z.strictObject({
  perSecond: z
    .int()
    .min(1)
    .max(1000)
    .default(10)
    .describe('of one instance, at most so many each second and direction; also the largest burst'),
  nflogGroup: z
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe('sends them to this nflog group (ulogd, `tcpdump -i nflog:N`); left out: to the kernel’s log'),
});

export type LogDrops = z.output<typeof logDropsField>;
