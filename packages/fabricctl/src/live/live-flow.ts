import type { PacketTraceFilter, TracedPacket } from '@slash32/shared';
import type { FlowTrace } from '../trace/trace-flow.ts';
import { noSeat, packetStream, type Seats, seatOf } from './packet-stream.ts';

/** What became of a real packet of the flow. */
export interface LivePacket {
  /** The host that saw it last. */
  readonly host: string;
  readonly packet: TracedPacket;
}

interface Watch {
  readonly socket: string;
  readonly instance: string;
  readonly filter: PacketTraceFilter;
  /** Nobody who is asked sees the packet after this one. */
  readonly isLast: boolean;
}

/**
 * The first packet of the flow whose fate is known: dropped anywhere, or through at the last end that an agent was found
 * for. `undefined`: `signal` aborted before. `onStarted` gets each host from which on nothing is missed.
 */
export async function firstPacket(
  seats: Seats,
  flows: readonly FlowTrace[],
  onStarted: (host: string) => void,
  signal: AbortSignal,
): Promise<LivePacket | undefined> {
  const found = new AbortController();
  const either = AbortSignal.any([signal, found.signal]);
  let first: LivePacket | undefined;
  const watch = async ({ socket, instance, filter, isLast }: Watch): Promise<void> => {
    let host = '';
    for await (const event of packetStream(socket, instance, filter, either)) {
      if (event.type === 'started') {
        host = event.host;
        onStarted(host);
      }
      if (event.type !== 'packet' || (event.verdict === 'pass' && !isLast)) continue;
      first ??= { host, packet: event };
      found.abort();
      return;
    }
  };
  try {
    await Promise.all(flows.flatMap((flow) => watchesOf(flow, seats)).map(watch));
  } finally {
    found.abort();
  }
  return first;
}

function watchesOf(flow: FlowTrace, seats: Seats): Watch[] {
  const { source, destination, sourceAddress, seenSourceAddress } = flow.result;
  const at = (instance: string | undefined): string | undefined =>
    instance === undefined ? undefined : seatOf(seats, instance);
  const [atSource, atDestination] = [at(source.instance), at(destination.instance)];
  const watches: Watch[] = [];
  if (source.instance !== undefined && atSource !== undefined && atSource !== atDestination) {
    const filter = filterOf(flow, sourceAddress);
    watches.push({ socket: atSource, instance: source.instance, filter, isLast: atDestination === undefined });
  }
  if (destination.instance !== undefined && atDestination !== undefined) {
    // On one host the packet is seen before its source is translated.
    const seen = atSource === atDestination ? sourceAddress : (seenSourceAddress ?? sourceAddress);
    const filter = filterOf(flow, seen);
    watches.push({ socket: atDestination, instance: destination.instance, filter, isLast: true });
  }
  if (watches.length > 0) return watches;
  throw noSeat(destination.instance ?? source.instance ?? `with ${flow.result.destinationAddress}`);
}

/** What stands for any host of the internet is not asked for. */
function filterOf({ internet, result, protocol, port, icmp }: FlowTrace, source: string): PacketTraceFilter {
  return {
    ...(internet.source ? {} : { source }),
    ...(internet.destination ? {} : { destination: result.destinationAddress }),
    protocol,
    ...(port === undefined ? {} : { port }),
    ...(icmp === undefined ? {} : { icmpType: icmp.type, icmpCode: icmp.code }),
  };
}
