import { ipv4HostNumber } from '@slash32/shared';
import { MessageWriter } from '../netlink/message-writer.ts';
import { MESSAGE_HEADER_OCTETS, NLM_F_CREATE, NLM_F_REPLACE } from '../netlink/netlink-message.ts';
import type { IndexOf, Prepare, Request } from '../netlink/request-channel.ts';
import { HOST_ADDRESS_AT, RTM_DELROUTE, RTM_NEWROUTE, writeRoute } from '../netlink/route-message.ts';
import type { KernelNextHop, RouteChange } from './route-table.ts';
import { toRouteDeletion, toRouteMessage } from './route-translation.ts';

const HEADS = {
  replace: { type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_REPLACE },
  delete: { type: RTM_DELROUTE, flags: 0 },
} as const;

/** A change to a host route of IPv4 as it was written. */
interface Template {
  readonly change: RouteChange;
  /** The message behind its header. */
  readonly payload: Uint8Array;
}

/** More different sets of next hops than that in one chunk are not worth remembering. */
const MAX_TEMPLATES = 64;

/**
 * Makes the requests of route changes. A table has many hosts behind few different next hops: what is written for one of
 * them serves for the others but for the address. To be made for one series of changes.
 */
export function routeRequests(): Prepare<RouteChange> {
  const templates = new Map<readonly KernelNextHop[], Template>();
  const scratch = new MessageWriter();
  let lookup: IndexOf | undefined;
  return (change, indexOf) => {
    // Interfaces are looked up anew.
    if (indexOf !== lookup || templates.size > MAX_TEMPLATES) templates.clear();
    lookup = indexOf;
    const { op, route } = change;
    const address = route.family === 4 ? ipv4HostNumber(route.prefix) : undefined;
    if (address === undefined) return requestOf(change, indexOf);
    let template = templates.get(route.nextHops);
    if (template === undefined || !isAlike(template.change, change)) {
      const request = requestOf(change, indexOf);
      if (typeof request === 'string') return request;
      scratch.reset();
      scratch.begin(request.type, request.flags, 0);
      request.write(scratch);
      scratch.end();
      template = { change, payload: scratch.bytes.slice(MESSAGE_HEADER_OCTETS) };
      templates.set(route.nextHops, template);
    }
    const { payload } = template;
    return {
      ...HEADS[op],
      write(writer) {
        const start = writer.position;
        writer.raw(payload);
        writer.patchAddress(start + HOST_ADDRESS_AT, address);
      },
    };
  };
}

function requestOf({ op, route }: RouteChange, indexOf: IndexOf): Request | string {
  const message = op === 'replace' ? toRouteMessage(route, indexOf) : toRouteDeletion(route);
  return typeof message === 'string' ? message : { ...HEADS[op], write: (writer) => writeRoute(writer, message) };
}

/** True if the changes are the same but for the address, their next hops being the same object. */
function isAlike({ op, route: one }: RouteChange, { op: otherOp, route: other }: RouteChange): boolean {
  return (
    op === otherOp &&
    one.nextHops === other.nextHops &&
    one.family === other.family &&
    one.type === other.type &&
    one.protocol === other.protocol &&
    one.metric === other.metric &&
    one.scope === other.scope &&
    one.source === other.source
  );
}
