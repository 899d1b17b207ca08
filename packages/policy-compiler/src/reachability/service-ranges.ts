import { type AddressFamily, formatProtocol } from '@slash32/shared';
import { ANY_SERVICE, FLOW_BEGINNING, ICMP, protocolServices, type ServiceSet } from './services.ts';

/** A part of a set of services, as rules write such things. */
export interface ServiceRange {
  /** Name or number; `7-255` for several in a row; `any`. */
  readonly protocol: string | number;
  /** `443` or `8000-8080`; left out: all, or the protocol has none. */
  readonly ports?: readonly (number | string)[];
  /** `8`, `8/0` (type and code) or `3/1-3/4`; left out: all that can begin a flow. */
  readonly icmp?: readonly (number | string)[];
}

const PROTOCOLS_WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 33, 132, 136]);

/** By protocol number. `any` for everything that can begin a flow in this family. */
export function serviceRanges(services: ServiceSet, family: AddressFamily): readonly ServiceRange[] {
  if (services.covers(meaningful(family))) return [{ protocol: 'any' }];
  const ranges: ServiceRange[] = [];
  let run: { first: number; last: number } | undefined;
  const endRun = (): void => {
    if (run !== undefined) ranges.push({ protocol: protocolRun(run.first, run.last) });
    run = undefined;
  };
  for (let protocol = 0; protocol < 256; protocol += 1) {
    const part = services.intersect(protocolServices(protocol));
    const isWhole = !part.isEmpty && part.covers(protocolServices(protocol).intersect(meaningful(family)));
    if (isWhole && !part.isEmpty) {
      run = { first: run?.first ?? protocol, last: protocol };
      if (typeof formatProtocol(protocol) === 'string') {
        if (run.first < protocol) ranges.push({ protocol: protocolRun(run.first, protocol - 1) });
        ranges.push({ protocol: formatProtocol(protocol) });
        run = undefined;
      }
      continue;
    }
    endRun();
    if (part.isEmpty) continue;
    const details = part.intervals.map(({ first, last }) => [Number(first & 0xffffn), Number(last & 0xffffn)] as const);
    const name = formatProtocol(protocol);
    if (protocol === ICMP[family]) ranges.push({ protocol: name, icmp: details.map(icmpText) });
    else if (PROTOCOLS_WITH_PORTS.has(protocol)) {
      ranges.push({
        protocol: name,
        ports: details.map(([first, last]) => (first === last ? first : `${first}-${last}`)),
      });
    } else ranges.push({ protocol: name });
  }
  endRun();
  return ranges;
}

/** One line: `tcp 22, 8000-8080; icmp type 8; gre`, `any protocol`, or `anything but tcp 25`, whichever is shorter. */
export function servicesText(services: ServiceSet, family: AddressFamily): string {
  const ranges = serviceRanges(services, family);
  if (ranges.length === 0) return 'nothing';
  const text = rangesText(ranges);
  const rest = meaningful(family).subtract(services);
  if (rest.isEmpty) return text;
  const exception = `anything but ${rangesText(serviceRanges(rest, family))}`;
  return exception.length < text.length ? exception : text;
}

function rangesText(ranges: readonly ServiceRange[]): string {
  return ranges
    .map(({ protocol, ports, icmp }) => {
      if (protocol === 'any') return 'any protocol';
      const name = /^\d/.test(String(protocol)) ? `protocol ${protocol}` : `${protocol}`;
      if (ports !== undefined) return `${name} ${ports.join(', ')}`;
      return icmp === undefined ? name : `${name} type ${icmp.join(', ')}`;
    })
    .join('; ');
}

/** What can begin a flow; the other family's ICMP is no protocol here. */
function meaningful(family: AddressFamily): ServiceSet {
  return MEANINGFUL[family];
}

const MEANINGFUL: Readonly<Record<AddressFamily, ServiceSet>> = {
  4: FLOW_BEGINNING[4].subtract(protocolServices(ICMP[6])),
  6: FLOW_BEGINNING[6].subtract(protocolServices(ICMP[4])),
};

function protocolRun(first: number, last: number): number | string {
  if (first === 0 && last === 255) return 'any';
  return first === last ? formatProtocol(first) : `${first}-${last}`;
}

function icmpText([first, last]: readonly [number, number]): number | string {
  const [firstType, lastType] = [first >> 8, last >> 8];
  if ((first & 0xff) === 0 && (last & 0xff) === 0xff) {
    return firstType === lastType ? firstType : `${firstType}-${lastType}`;
  }
  const text = (detail: number): string => `${detail >> 8}/${detail & 0xff}`;
  return first === last ? text(first) : `${text(first)}-${text(last)}`;
}

/** True if the set is all there is, ICMP that begins no flow included. */
export function isEverything(services: ServiceSet): boolean {
  return services.covers(ANY_SERVICE);
}
