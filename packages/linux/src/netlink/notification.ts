import type { NeighbourRecord } from '../neighbour/neighbour-record.ts';
import type { KernelRoute } from '../route/route-table.ts';
import { RTM_DELADDR, RTM_NEWADDR, readAddress } from './address-message.ts';
import { type LinkMessage, RTM_DELLINK, RTM_NEWLINK, readLink } from './link-message.ts';
import { RTM_DELNEIGH, RTM_NEWNEIGH, readNeighbour } from './neighbour-message.ts';
import { RTM_NEWNETCONF, readNetconf } from './netconf-message.ts';
import type { MessageFrame, Octets } from './netlink-message.ts';
import { RTM_DELROUTE, RTM_NEWROUTE } from './route-message.ts';
import type { RouteReader } from './route-reader.ts';

/** What Linux told of by itself; names of devices are those that they had then. */
export type Notification =
  | {
      readonly kind: 'link';
      readonly deleted: boolean;
      readonly link: LinkMessage;
      /** The name that the interface had before, if it has got another. */
      readonly formerName?: string;
    }
  | { readonly kind: 'address'; readonly deleted: boolean; readonly device: string; readonly address: string }
  | { readonly kind: 'route'; readonly deleted: boolean; readonly route: KernelRoute }
  | { readonly kind: 'neighbour'; readonly deleted: boolean; readonly neighbour: NeighbourRecord }
  | {
      readonly kind: 'setting';
      readonly family: 4 | 6;
      /** Or `all`. */
      readonly device: string;
      readonly values: readonly (readonly [name: string, value: number])[];
    };

export type NotificationKind = Notification['kind'];

const KINDS = new Map<number, NotificationKind>([
  [RTM_NEWLINK, 'link'],
  [RTM_DELLINK, 'link'],
  [RTM_NEWADDR, 'address'],
  [RTM_DELADDR, 'address'],
  [RTM_NEWROUTE, 'route'],
  [RTM_DELROUTE, 'route'],
  [RTM_NEWNEIGH, 'neighbour'],
  [RTM_DELNEIGH, 'neighbour'],
  [RTM_NEWNETCONF, 'setting'],
]);

/** The kind of a message by its type; `undefined`: none of ours. */
export function notificationKind(type: number): NotificationKind | undefined {
  return KINDS.get(type);
}

/** Reads a message; `undefined`: nothing of interest, or of an interface whose name nobody knows any more. */
export function readNotification(
  octets: Octets,
  { type, start, end }: MessageFrame,
  nameOf: (index: number) => string | undefined,
  routes: RouteReader,
): Notification | undefined {
  switch (type) {
    case RTM_NEWLINK:
    case RTM_DELLINK: {
      const link = readLink(octets, start, end);
      if (link === undefined) return undefined;
      const formerName = nameOf(link.index);
      const renamed = formerName === undefined || formerName === link.name ? {} : { formerName };
      return { kind: 'link', deleted: type === RTM_DELLINK, link, ...renamed };
    }
    case RTM_NEWADDR:
    case RTM_DELADDR: {
      const message = readAddress(octets, start, end);
      const device = message === undefined ? undefined : nameOf(message.interfaceIndex);
      if (message === undefined || device === undefined) return undefined;
      return { kind: 'address', deleted: type === RTM_DELADDR, device, address: message.address };
    }
    case RTM_NEWROUTE:
    case RTM_DELROUTE: {
      const route = routes.read(octets, start, end);
      return route === undefined ? undefined : { kind: 'route', deleted: type === RTM_DELROUTE, route };
    }
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH: {
      const message = readNeighbour(octets, start, end);
      const device = message === undefined ? undefined : nameOf(message.interfaceIndex);
      if (message === undefined || device === undefined) return undefined;
      const { address, mac, permanent, router } = message;
      const neighbour = {
        device,
        address,
        ...(mac === undefined ? {} : { mac }),
        permanent,
        ...(router === undefined ? {} : { router }),
      };
      return { kind: 'neighbour', deleted: type === RTM_DELNEIGH, neighbour };
    }
    case RTM_NEWNETCONF: {
      const message = readNetconf(octets, start, end);
      if (message === undefined) return undefined;
      const { family, interfaceIndex, values } = message;
      const device = interfaceIndex === 'all' ? 'all' : nameOf(interfaceIndex);
      return device === undefined ? undefined : { kind: 'setting', family, device, values };
    }
    default:
      return undefined;
  }
}
