import { FabricError } from '@slash32/shared';
import { openCLibrary } from '../foreign/c-library.ts';
import { remembered } from '../netlink/interface-names.ts';
import { RTM_GETNEIGH, readNeighbour, writeNeighbourDump } from '../netlink/neighbour-message.ts';
import type { NetlinkContext } from '../netlink/netlink-context.ts';
import { ViewSynchronizer } from '../netlink/view-synchronizer.ts';
import { ADDRESS_FAMILY, encodeSocketAddress } from '../udp/socket-address.ts';
import { type UdpCalls, udpCalls } from '../udp/udp-calls.ts';
import type { LinkRouter, RouterDiscovery } from './router-discovery.ts';
import { ALL_NODES, ALL_ROUTERS, routerAdvertisement, routerSolicitation } from './router-messages.ts';
import { RouterWatch } from './router-watch.ts';

const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2_000_000;
const IPPROTO_IPV6 = 41;
const IPPROTO_ICMPV6 = 58;
const IPV6_MULTICAST_IF = 17;
const IPV6_MULTICAST_HOPS = 18;
const IPV6_MULTICAST_LOOP = 19;
const ICMP6_FILTER = 1;
/** Neighbour discovery is believed only with it (RFC 4861 6.1): nobody from another link can send it. */
const HOP_LIMIT = 255;

/** Routers as the kernel's neighbour table knows them: it reads the advertisements itself. */
export class KernelRouterDiscovery implements RouterDiscovery {
  readonly #context: NetlinkContext;

  constructor(context: NetlinkContext) {
    this.#context = context;
  }

  async watch(onChange: (router: LinkRouter, present: boolean) => void, signal: AbortSignal): Promise<void> {
    const { monitor, clock, logger } = this.#context;
    const synchronizer = new ViewSynchronizer(new RouterWatch(onChange, signal, () => this.#list()), {
      clock,
      logger,
      signal,
    });
    await monitor.subscribe(synchronizer, signal);
    await synchronizer.begin();
  }

  announce(device: string): void {
    const calls = udpCalls();
    const interfaceIndex = calls.if_nametoindex(device);
    if (interfaceIndex === 0) throw failure(device, 'there is no such interface');
    const descriptor = calls.socket(ADDRESS_FAMILY[6], SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6);
    if (descriptor < 0) throw lastFailure(calls, device);
    try {
      // Nothing is read from this socket: all types are blocked.
      setOption(calls, device, descriptor, IPPROTO_ICMPV6, ICMP6_FILTER, new Uint8Array(32).fill(0xff));
      setOption(calls, device, descriptor, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, int32(HOP_LIMIT));
      // Our own kernel would take us for a router on the link.
      setOption(calls, device, descriptor, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, int32(0));
      setOption(calls, device, descriptor, IPPROTO_IPV6, IPV6_MULTICAST_IF, int32(interfaceIndex));
      for (const [message, address] of [
        [routerAdvertisement(linkLayerAddress(descriptor, device)), ALL_NODES],
        [routerSolicitation(), ALL_ROUTERS],
      ] as const) {
        const to = encodeSocketAddress({ address, port: 0, scope: interfaceIndex });
        if (calls.sendto(descriptor, message, message.length, 0, to, to.length) < 0) throw lastFailure(calls, device);
      }
    } finally {
      calls.close(descriptor);
    }
  }

  async #list(): Promise<readonly LinkRouter[]> {
    const { rtnetlink } = this.#context;
    const nameOf = remembered((index: number) => rtnetlink.names.nameOf(index));
    return rtnetlink.dump({
      type: RTM_GETNEIGH,
      write: writeNeighbourDump,
      read(octets, start, end): LinkRouter | undefined {
        const message = readNeighbour(octets, start, end);
        if (message?.router !== true) return undefined;
        const device = nameOf(message.interfaceIndex);
        return device === undefined ? undefined : { device, address: message.address };
      },
    });
  }
}

/** `ioctl` of `linux/sockios.h`: reads the link-layer address of an interface. */
const SIOCGIFHWADDR = 0x8927;
const ARPHRD_ETHER = 1;

let ioctl: ((descriptor: number, request: number, argument: Uint8Array) => number) | undefined;

/**
 * By `struct ifreq`, 40 octets: name (16, NUL-terminated), type of the link layer (2), address. `undefined`: it has none
 * of six octets.
 */
function linkLayerAddress(descriptor: number, device: string): Uint8Array | undefined {
  ioctl ??= openCLibrary().func('int ioctl(int, unsigned long, void *)');
  const request = new Uint8Array(40);
  request.set(new TextEncoder().encode(device).subarray(0, 15));
  if (ioctl(descriptor, SIOCGIFHWADDR, request) !== 0) return undefined;
  return new DataView(request.buffer).getUint16(16, true) === ARPHRD_ETHER ? request.slice(18, 24) : undefined;
}

function setOption(
  calls: UdpCalls,
  device: string,
  descriptor: number,
  level: number,
  option: number,
  value: Uint8Array,
): void {
  if (calls.setsockopt(descriptor, level, option, value, value.length) !== 0) throw lastFailure(calls, device);
}

function int32(value: number): Uint8Array {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setInt32(0, value, true);
  return octets;
}

function lastFailure(calls: UdpCalls, device: string): FabricError {
  return failure(device, calls.strerror(calls.errno()));
}

function failure(device: string, reason: string): FabricError {
  return new FabricError('router.announce-failed', `cannot advertise this host on ${device}: ${reason}`, {
    details: { device, reason },
  });
}
