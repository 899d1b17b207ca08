import type { NetworkInterface } from './interface-monitor.ts';

interface JsonLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly address?: string;
}

/** Reads what `ip -j link show` printed. */
export function parseLinkListing(json: string): readonly NetworkInterface[] {
  if (json.trim() === '') return [];
  return (JSON.parse(json) as readonly Partial<JsonLink>[]).flatMap((entry) => {
    const { ifindex, ifname, flags, mtu, address } = entry;
    // `ip` prints an empty object for what a filter left out.
    if (ifindex === undefined || ifname === undefined || flags === undefined || mtu === undefined) return [];
    return [makeLink(ifname, ifindex, flags, mtu, address)];
  });
}

/**
 * Reads one record of `ip -oneline monitor link`: `3: v0@v1: <BROADCAST,UP,LOWER_UP> mtu 1500 … \ link/[1] MAC …`.
 * The name goes to the last `@`, behind which the lower interface stands. `undefined` if it is none of a whole interface.
 */
export function readLinkRecord(text: string): NetworkInterface | undefined {
  const match = /^(\d+): (\S+): <([^>]*)>/.exec(text);
  if (match === null) return undefined;
  const [, index, names = '', flags = ''] = match;
  const mtu = / mtu (\d+)/.exec(text)?.[1];
  if (mtu === undefined) return undefined;
  const at = names.lastIndexOf('@');
  const address = / link\/\S+ (\S+)/.exec(text)?.[1];
  return makeLink(at > 0 ? names.slice(0, at) : names, Number(index), flags.split(','), Number(mtu), address);
}

function makeLink(
  name: string,
  index: number,
  flags: readonly string[],
  mtu: number,
  address: string | undefined,
): NetworkInterface {
  const mac = address !== undefined && /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(address) ? { mac: address } : {};
  return { name, index, up: flags.includes('UP'), carrier: flags.includes('LOWER_UP'), ...mac, mtu };
}
