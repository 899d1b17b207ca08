import type { Clock, Logger } from '@slash32/shared';
import type { NetlinkMonitor } from './netlink-monitor.ts';
import type { Rtnetlink } from './rtnetlink.ts';

/** What the tables of one kernel share. It stays with whoever made it, who disposes it after the tables. */
export interface NetlinkContext {
  readonly rtnetlink: Rtnetlink;
  readonly monitor: NetlinkMonitor;
  readonly clock: Clock;
  readonly logger: Logger;
}
