import type { KernelRoute } from '../route/route-table.ts';
import { toKernelRoute } from '../route/route-translation.ts';
import { addressText } from './address-octets.ts';
import { AttributeCursor, type Octets } from './netlink-message.ts';
import { RTA_DST, RTMSG_OCTETS, readRoute } from './route-message.ts';

/** What the latest message said, and where in it the destination stood. */
interface Latest {
  /** A copy of the message. */
  readonly bytes: Uint8Array;
  /** Of the address, as offsets into `bytes`. */
  readonly from: number;
  readonly to: number;
  /** `undefined`: the route is none of ours. */
  readonly route: KernelRoute | undefined;
}

/** Offset of the length of the destination's prefix in a message. */
const PREFIX_LENGTH_AT = 1;

/**
 * Reads routes of which most are like the one before but for their destination, as in a dump, or in the notifications of
 * a table that fills: such a message is compared, and not read again, and the routes share what is the same in them.
 */
export class RouteReader {
  readonly #nameOf: (index: number) => string | undefined;
  #latest: Latest | undefined;

  constructor(nameOf: (index: number) => string | undefined) {
    this.#nameOf = nameOf;
  }

  /** As `readRoute` and `toKernelRoute`. */
  read(octets: Octets, start: number, end: number): KernelRoute | undefined {
    const latest = this.#latest;
    if (latest === undefined || !isLike(latest, octets.bytes, start, end)) return this.#readAnew(octets, start, end);
    const { from, to, route } = latest;
    if (route === undefined) return undefined;
    const destination = addressText(octets.bytes, start + from, start + to);
    return { ...route, prefix: `${destination}/${octets.bytes[start + PREFIX_LENGTH_AT]}` };
  }

  /** Interfaces may have other names now. */
  forget(): void {
    this.#latest = undefined;
  }

  #readAnew(octets: Octets, start: number, end: number): KernelRoute | undefined {
    const message = readRoute(octets, start, end);
    const route = message === undefined ? undefined : toKernelRoute(message, this.#nameOf);
    this.#latest = undefined;
    const attributes = new AttributeCursor(octets, start + RTMSG_OCTETS, end);
    while (attributes.next()) {
      if (attributes.type !== RTA_DST) continue;
      const isAddress = attributes.length === 4 || attributes.length === 16;
      if (this.#latest !== undefined || !isAddress) {
        this.#latest = undefined;
        break;
      }
      const from = attributes.start - start;
      this.#latest = { bytes: octets.bytes.slice(start, end), from, to: from + attributes.length, route };
    }
    return route;
  }
}

/** True if the messages differ in the destination alone. */
function isLike({ bytes, from, to }: Latest, other: Uint8Array, start: number, end: number): boolean {
  if (end - start !== bytes.length || other[start] !== bytes[0]) return false;
  for (let at = PREFIX_LENGTH_AT + 1; at < from; at += 1) if (bytes[at] !== other[start + at]) return false;
  for (let at = to; at < bytes.length; at += 1) if (bytes[at] !== other[start + at]) return false;
  return true;
}
