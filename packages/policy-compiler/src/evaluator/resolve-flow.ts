import { FabricError, formatIpAddress, type IpAddress, parseIpAddress } from '@slash32/shared';
import type { FabricModel } from '../model/fabric-model.ts';
import type { ResolvedInstance } from '../model/resolved-instance.ts';
import type { JudgedPacket } from './rule-match.ts';
import { protocolText } from './rule-text.ts';
import type { TraceEnd, TraceRequest } from './trace-types.ts';

/** Both ends, with addresses of one family. */
export interface Flow extends Omit<JudgedPacket, 'farAddress'> {
  readonly source: ResolvedInstance | undefined;
  readonly destination: ResolvedInstance | undefined;
  readonly sourceAddress: string;
  readonly destinationAddress: string;
  readonly sourceMac: string | undefined;
}

/** Finds both ends of a request. Throws as `tracePacket` does. */
export function resolveFlow(model: FabricModel, request: TraceRequest): Flow {
  const { protocol, port, icmp } = request;
  if (!Number.isInteger(protocol) || protocol < 0 || protocol > 255) {
    throw new FabricError('trace.invalid', `protocol ${protocol} cannot be; use 0–255`);
  }
  if (port !== undefined && (!Number.isInteger(port) || port < 0 || port > 65_535)) {
    throw new FabricError('trace.invalid', `port ${port} cannot be; use 0–65535`);
  }
  const isIcmp = protocol === 1 || protocol === 58;
  if (isIcmp && icmp === undefined) throw new FabricError('trace.invalid', 'icmp needs a type and a code');
  const family = chooseFamily(model, request);
  if (isIcmp && protocol !== (family === 4 ? 1 : 58)) {
    throw new FabricError(
      'trace.invalid',
      `${protocolText(protocol)} is not for IPv${family}; use icmp with IPv4 and icmpv6 with IPv6`,
    );
  }
  const [source, sourceAddress] = resolveEnd(model, request.source, family);
  const [destination, destinationAddress] = resolveEnd(model, request.destination, family);
  return {
    family,
    protocol,
    ...(port === undefined ? {} : { port }),
    ...(icmp === undefined ? {} : { icmp }),
    source,
    destination,
    sourceAddress,
    destinationAddress,
    sourceMac: request.sourceMac ?? source?.mac,
  };
}

function chooseFamily(model: FabricModel, request: TraceRequest): 4 | 6 {
  const [source, destination] = [request.source, request.destination].map((end) => familiesOf(model, end));
  const wanted = request.family === undefined ? ([4, 6] as const) : [request.family];
  const family = wanted.find((some) => source?.has(some) === true && destination?.has(some) === true);
  if (family !== undefined) return family;
  const which = request.family === undefined ? 'one family' : `IPv${request.family}`;
  throw new FabricError('trace.no-common-family', `the two ends do not both have an address of ${which}`);
}

function familiesOf(model: FabricModel, end: TraceEnd): ReadonlySet<4 | 6> {
  const addresses = end.address !== undefined ? [end.address] : instanceOf(model, end).addresses;
  return new Set(addresses.map((address) => parseEnd(address).family));
}

function resolveEnd(model: FabricModel, end: TraceEnd, family: 4 | 6): [ResolvedInstance | undefined, string] {
  if (!('instance' in end)) {
    const address = formatIpAddress(parseEnd(end.address));
    return [ownerOf(model, address), address];
  }
  const instance = instanceOf(model, end);
  const address = end.address ?? instance.addresses.find((some) => parseEnd(some).family === family) ?? '';
  return [instance, formatIpAddress(parseEnd(address))];
}

function parseEnd(address: string): IpAddress {
  try {
    return parseIpAddress(address);
  } catch (cause) {
    throw new FabricError('trace.invalid', `"${address}" is not an IP address`, { cause });
  }
}

function instanceOf(model: FabricModel, end: TraceEnd): ResolvedInstance {
  const name = 'instance' in end ? end.instance : '';
  const instance = model.instance(name);
  if (instance === undefined) {
    throw new FabricError('trace.unknown-instance', `there is no Instance ${name}; name it NAMESPACE/NAME`);
  }
  return instance;
}

/** The instance that holds the address; if none is open, a closed one that wants it. */
function ownerOf(model: FabricModel, address: string): ResolvedInstance | undefined {
  const open = model.instanceByAddress(address);
  if (open !== undefined) return open;
  for (const instance of model.instances()) if (instance.addresses.includes(address)) return instance;
  return undefined;
}
