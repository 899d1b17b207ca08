import type { DecodedUpdate } from './decoded-update.ts';
import type { NotificationMessage } from './notification.ts';
import type { OpenMessage } from './open.ts';
import type { RouteRefreshMessage } from './route-refresh.ts';

/** RFC 4271 section 4.1 and RFC 2918 section 3. */
export const MESSAGE_TYPE = { open: 1, update: 2, notification: 3, keepalive: 4, routeRefresh: 5 } as const;

export type BgpMessage =
  | { readonly type: 'open'; readonly open: OpenMessage }
  | { readonly type: 'update'; readonly update: DecodedUpdate }
  | { readonly type: 'notification'; readonly notification: NotificationMessage }
  | { readonly type: 'keepalive' }
  | { readonly type: 'route-refresh'; readonly routeRefresh: RouteRefreshMessage };
