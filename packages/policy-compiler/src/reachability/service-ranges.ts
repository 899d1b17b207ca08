import { type AddressFamily, formatProtocol } from '@slash32/shared';
import { FLOW_BEGINNING, ICMP, protocolServices, type ServiceSet } from './services.ts';

/** A part of a set of services, as rules write such things. */
export interface ServiceRange {
  /** Name or number; `7-255` for several in a row; `any`. */
  readonly protocol: string | number;
  /** `443` or `8000-8080`; left out: all, or the protocol has none. */
  readonly ports?: readonly (number | string)[];
  /** `8`, `8/0` (type and code) or `3/1-3/4`; left out: all that can begin a flow. */
  readonly icmp?: readonly (number | string)[];
}

/** By protocol number. `any` for everything that can begin a flow in this family. */
export function serviceRanges(services: ServiceSet, family: AddressFamily): readonly ServiceRange[] {
  if (services.covers(MEANINGFUL[family])) return [{ protocol: 'any' }];
  const ranges: ServiceRange[] = [];
  let run: { readonly first: number; readonly last: number } | undefined;
  /** Whole protocols without a name, one after the other, are told as one. */
  const endRun = (): void => {
    if (run !== undefined) ranges.push({ protocol: protocolRun(run.first, run.last) });
    run = undefined;
  };
  for (let protocol = 0; protocol < 256; protocol += 1) {
    if (protocol === ICMP[family === 4 ? 6 : 4]) continue; // no protocol of this family
    const part = services.intersect(protocolServices(protocol));
    const isWhole = !part.isEmpty && part.covers(protocolServices(protocol).intersect(MEANINGFUL[family]));
    const name = formatProtocol(protocol);
    if (isWhole && typeof name === 'number') {
      run = { first: run?.first ?? protocol, last: protocol };
      continue;
    }
    endRun();
    if (isWhole) ranges.push({ protocol: name });
    else if (!part.isEmpty) ranges.push({ protocol: name, ...details(part, protocol === ICMP[family]) });
  }
  endRun();
  return ranges;
}

/** Ports or ICMP messages; a part of any other protocol cannot be. */
function details(part: ServiceSet, isIcmp: boolean): Pick<ServiceRange, 'ports' | 'icmp'> {
  const ranges = part.intervals.map(({ first, last }) => [Number(first & 0xffffn), Number(last & 0xffffn)] as const);
  if (isIcmp) return { icmp: ranges.map(icmpText) };
  return { ports: ranges.map(([first, last]) => (first === last ? first : `${first}-${last}`)) };
}

/** One line: `tcp 22, 8000-8080; icmp type 8; gre`, `any protocol`, or `anything but tcp 25`, whichever is shorter. */
export function servicesText(services: ServiceSet, family: AddressFamily): string {
  const ranges = serviceRanges(services, family);
  if (ranges.length === 0) return 'nothing';
  const text = rangesText(ranges);
  const rest = MEANINGFUL[family].subtract(services);
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
