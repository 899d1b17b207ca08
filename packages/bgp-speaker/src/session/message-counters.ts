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
