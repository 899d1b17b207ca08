import { FabricError } from '@slash32/shared';
import type { FabricModel } from '../model/fabric-model.ts';
import type { OpenInstance } from '../model/resolved-instance.ts';
import type { DecodedArp, DecodedFrame, DecodedIp } from '../packet/decoded-packet.ts';
import { guardArp, guardIp } from './frame-guard.ts';
import { isIn } from './rule-match.ts';
import { protocolText } from './rule-text.ts';
import { tracePacket } from './trace-packet.ts';
import type { TraceEnd, TraceResult } from './trace-types.ts';

/** One thing that was asked about the frame. */
export interface FrameStep {
  readonly what: 'endpoint' | 'frame' | 'packet' | 'source' | 'fragment' | 'hop limit' | 'host' | 'flow';
  /** `note`: decides nothing. */
  readonly verdict: 'pass' | 'drop' | 'note';
  readonly explanation: string;
}

export interface FrameTrace {
  /** `depends`: on packets that are not this one. */
  readonly verdict: 'pass' | 'drop' | 'depends';
  /** In the order in which they are asked; a drop is the last. */
  readonly steps: readonly FrameStep[];
  /** Of the flow that the packet would begin, continue or be about. */
  readonly flow?: TraceResult;
}

export interface FrameTraceRequest {
  /** `NAMESPACE/NAME`. */
  readonly instance: string;
  /** The instance sends it; else it is sent to it. */
  readonly direction: 'from' | 'to';
  readonly frame: DecodedFrame;
}

/** ICMP messages that conntrack takes for replies, and the requests that they answer. */
const REPLIES: Readonly<Record<4 | 6, ReadonlyMap<number, number>>> = {
  4: new Map([
    [0, 8],
    [14, 13],
    [16, 15],
    [18, 17],
  ]),
  6: new Map([
    [129, 128],
    [140, 139],
  ]),
};
const LINK_SCOPED = ['224.0.0.0/4', '255.255.255.255/32', '169.254.0.0/16', 'ff00::/8', 'fe80::/10', '::/128'];
const LINK_MESSAGES: ReadonlySet<number> = new Set([131, 132, 133, 135, 136, 143]);
const UDP = 17;

/**
 * What becomes of a frame, from the resources alone: step by step, the guard of the fabric, then the rules of both ends.
 * Throws `FabricError` `trace.unknown-instance`.
 */
export function traceFrame(model: FabricModel, { instance: name, direction, frame }: FrameTraceRequest): FrameTrace {
  const instance = model.instance(name);
  if (instance === undefined) {
    throw new FabricError('trace.unknown-instance', `there is no Instance ${name}; name it NAMESPACE/NAME`);
  }
  const steps: FrameStep[] = [];
  const step = (what: FrameStep['what'], verdict: FrameStep['verdict'], explanation: string): void => {
    steps.push({ what, verdict, explanation });
  };
  if (instance.state === 'closed') {
    step('endpoint', 'drop', `${name} is closed, so its tap passes nothing: ${instance.reason}`);
    return { verdict: 'drop', steps };
  }
  step('frame', 'note', frameText(frame));
  const { packet } = frame;
  if (packet === undefined) {
    const isGuarded = direction === 'from' && instance.portSecurity;
    step('packet', 'drop', `neither ARP nor IP: ${isGuarded ? 'dropped' : 'a router has no use for it'}`);
    return { verdict: 'drop', steps };
  }
  step('packet', 'note', packet.kind === 'arp' ? arpText(packet) : ipText(packet));
  if (packet.kind === 'arp') {
    return { verdict: judgeArp(instance, direction, frame.sourceMac, packet, step), steps };
  }
  if (direction === 'from') {
    const guard = guardIp(instance, frame.sourceMac, packet);
    step('source', guard.verdict, guard.explanation);
    if (guard.verdict === 'drop') return { verdict: 'drop', steps };
    const toHost =
      instance.gateways.includes(packet.destination) ||
      model.configuration().hostServices.some(({ address }) => address === packet.destination);
    if (!toHost && LINK_SCOPED.some((prefix) => isIn(prefix, packet.destination) || isIn(prefix, packet.source))) {
      return { verdict: judgeLinkScoped(packet, step), steps };
    }
  }
  return judgeFlow(model, instance, direction, packet, steps, step);
}

type Note = (what: FrameStep['what'], verdict: FrameStep['verdict'], explanation: string) => void;

function judgeArp(
  instance: OpenInstance,
  direction: 'from' | 'to',
  sourceMac: string,
  packet: DecodedArp,
  step: Note,
): 'pass' | 'drop' {
  if (direction === 'to') {
    step('source', 'drop', 'ARP does not leave the link of who sends it: only the own host sends it to an instance');
    return 'drop';
  }
  const guard = guardArp(instance, sourceMac, packet);
  step('source', guard.verdict, guard.explanation);
  if (guard.verdict === 'pass') {
    step(
      'host',
      'pass',
      'the host answers with its own MAC address for whatever it has a route to; nobody else hears it',
    );
  }
  return guard.verdict;
}

/** To nobody beyond the link, or from there: the host takes it, or it ends here. */
function judgeLinkScoped(packet: DecodedIp, step: Note): 'pass' | 'drop' {
  const { family, protocol, sourcePort, destinationPort, icmp } = packet;
  const isDhcp =
    protocol === UDP &&
    (family === 4 ? sourcePort === 68 && destinationPort === 67 : sourcePort === 546 && destinationPort === 547);
  if (isDhcp) step('host', 'pass', 'the host’s DHCP service may have it');
  else if (family === 6 && icmp !== undefined && LINK_MESSAGES.has(icmp.type)) {
    step('host', 'pass', 'the host takes part in neighbour discovery; nobody else hears it');
  } else {
    step(
      'host',
      'drop',
      'multicast, broadcast and link-local packets stay with the host, which has no use for this one',
    );
    return 'drop';
  }
  return 'pass';
}

function judgeFlow(
  model: FabricModel,
  instance: OpenInstance,
  direction: 'from' | 'to',
  packet: DecodedIp,
  steps: readonly FrameStep[],
  step: Note,
): FrameTrace {
  const { fragment, hopLimit } = packet;
  if (fragment !== undefined && fragment.offset > 0) {
    step(
      'fragment',
      'note',
      `octets from ${fragment.offset} on: the host puts the whole together before it asks any rule, so the first fragment decides`,
    );
    return { verdict: 'depends', steps };
  }
  if (fragment !== undefined) step('fragment', 'note', 'the first of several: judged with the others, as one packet');
  if (hopLimit <= 1) {
    step('hop limit', 'drop', `${hopLimit}: the host does not forward it, and says so (time exceeded)`);
    return { verdict: 'drop', steps };
  }
  // Judged by packet, errors and replies are packets like any other.
  const byFlow = instance.stateful && instance.portSecurity;
  const { about } = packet;
  if (about !== undefined && byFlow) {
    const to = {
      instance: instance.name,
      address: instance.addresses.find((own) => own === about.source) ?? about.source,
    };
    const flow = traceEnds(model, endOf(model, about.source, direction === 'to' ? to : undefined), about);
    if (flow === undefined) {
      step('flow', 'drop', 'an ICMP error about a packet of which too little is quoted to tell its flow');
      return { verdict: 'drop', steps };
    }
    step('flow', flow.verdict, `an ICMP error passes where the flow does that it is about: ${flowText(about)}`);
    return { verdict: flow.verdict, steps, flow };
  }
  const asked = byFlow ? repliesTo(packet) : undefined;
  if (asked !== undefined) {
    const flow = traceEnds(model, endOf(model, asked.source, undefined), asked);
    if (flow !== undefined) {
      const may = flow.verdict === 'pass' ? 'it passes if that began' : 'and that would not pass';
      step(
        'flow',
        flow.verdict === 'pass' ? 'note' : 'drop',
        `a reply, so part of the flow ${flowText(asked)}: ${may}`,
      );
      return { verdict: flow.verdict === 'pass' ? 'depends' : 'drop', steps, flow };
    }
  }
  const sender: TraceEnd | undefined =
    direction === 'from' ? { instance: instance.name, address: packet.source } : undefined;
  const flow = traceEnds(model, endOf(model, packet.source, sender), packet);
  if (flow === undefined) {
    step('flow', 'drop', 'its protocol does not exist in its address family, or its ports are missing');
    return { verdict: 'drop', steps };
  }
  for (const end of [flow.source, flow.destination]) step('flow', end.verdict, end.explanation);
  step(
    'flow',
    'note',
    'judged as the first packet of a flow; as part of one that passed before, it passes while that does',
  );
  return { verdict: flow.verdict, steps, flow };
}

function endOf(model: FabricModel, address: string, known: TraceEnd | undefined): TraceEnd {
  if (known !== undefined) return known;
  const owner = model.instanceByAddress(address);
  return owner === undefined ? { address } : { instance: owner.name, address };
}

/** `undefined`: not enough is known of it. The MAC address was looked at before. */
function traceEnds(model: FabricModel, source: TraceEnd, packet: DecodedIp): TraceResult | undefined {
  const { family, protocol, destination, destinationPort, icmp } = packet;
  const isIcmp = protocol === 1 || protocol === 58;
  if (isIcmp && (icmp === undefined || protocol !== (family === 4 ? 1 : 58))) return undefined;
  const sourceMac = macFor(model, source, packet.source);
  return tracePacket(model, {
    source,
    destination: { address: destination },
    protocol,
    family,
    ...(destinationPort === undefined ? {} : { port: destinationPort }),
    ...(icmp === undefined ? {} : { icmp }),
    ...(sourceMac === undefined ? {} : { sourceMac }),
  });
}

/** One with which the instance may use the address; the frame's own was judged as its source. */
function macFor(model: FabricModel, end: TraceEnd, address: string): string | undefined {
  const instance = 'instance' in end ? model.instance(end.instance) : undefined;
  if (instance?.state !== 'open') return undefined;
  return instance.pairs.find((pair) => isIn(pair.prefix, address) && !instance.addresses.includes(address))?.mac;
}

/** The packet that this one answers, if it can only be an answer. */
function repliesTo(packet: DecodedIp): DecodedIp | undefined {
  const { family, source, destination, sourcePort, destinationPort, tcp, icmp } = packet;
  const swapped = { ...packet, source: destination, destination: source };
  if (tcp?.syn === true && tcp.ack && sourcePort !== undefined && destinationPort !== undefined) {
    return { ...swapped, sourcePort: destinationPort, destinationPort: sourcePort };
  }
  const request = icmp === undefined ? undefined : REPLIES[family].get(icmp.type);
  return request === undefined ? undefined : { ...swapped, icmp: { type: request, code: 0 } };
}

function frameText({ sourceMac, destinationMac, etherType }: DecodedFrame): string {
  return `${sourceMac} → ${destinationMac}, type 0x${etherType.toString(16).padStart(4, '0')}`;
}

function arpText({ operation, senderMac, senderAddress, targetAddress }: DecodedArp): string {
  return `ARP ${operation}: ${senderAddress} is at ${senderMac}, about ${targetAddress}`;
}

function ipText(packet: DecodedIp): string {
  const { family, hopLimit } = packet;
  return `IPv${family} ${flowText(packet)}, ${family === 4 ? 'TTL' : 'hop limit'} ${hopLimit}`;
}

/** `10.0.0.1 → 10.0.0.2 tcp 443`. */
function flowText({ source, destination, protocol, destinationPort, icmp }: DecodedIp): string {
  const what = icmp === undefined ? destinationPort : `type ${icmp.type} code ${icmp.code}`;
  return `${source} → ${destination} ${protocolText(protocol)}${what === undefined ? '' : ` ${what}`}`;
}
