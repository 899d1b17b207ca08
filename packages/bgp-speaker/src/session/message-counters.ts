import { MESSAGE_TYPE } from '../codec/index.ts';

/** Messages of one neighbor, over all its sessions. */
export type MessageCounts = {
  open: number;
  update: number;
  notification: number;
  keepalive: number;
  routeRefresh: number;
};

export interface MessageCounters {
  readonly sent: MessageCounts;
  readonly received: MessageCounts;
}

export function newMessageCounters(): MessageCounters {
  const zero = (): MessageCounts => ({ open: 0, update: 0, notification: 0, keepalive: 0, routeRefresh: 0 });
  return { sent: zero(), received: zero() };
}

const NAME_OF_TYPE: Readonly<Record<number, keyof MessageCounts>> = {
  [MESSAGE_TYPE.open]: 'open',
  [MESSAGE_TYPE.update]: 'update',
  [MESSAGE_TYPE.notification]: 'notification',
  [MESSAGE_TYPE.keepalive]: 'keepalive',
  [MESSAGE_TYPE.routeRefresh]: 'routeRefresh',
};

/** Counts a message by its type on the wire. */
export function countReceived(counts: MessageCounts, type: number): void {
  const name = NAME_OF_TYPE[type];
  if (name !== undefined) counts[name] += 1;
}
