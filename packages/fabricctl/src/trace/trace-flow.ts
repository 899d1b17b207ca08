import {
  type EndVerdict,
  type FabricModel,
  protocolText,
  ruleText,
  type TraceEnd,
  type TraceRequest,
  type TraceResult,
  tracePacket,
} from '@slash32/policy-compiler';
import {
  type AddressFamily,
  FabricError,
  formatIpAddress,
  type Instance,
  type Resource,
  tryParseIpAddress,
} from '@slash32/shared';
import { findInstance, instanceName } from '../fabric/find-instance.ts';
import type { FlowProtocol, FlowText } from './flow-text.ts';
import { internetAddress } from './internet-address.ts';

/** What was traced in one address family, and what came of it. */
export interface FlowTrace {
  readonly family: AddressFamily;
  readonly protocol: number;
  readonly port?: number;
  readonly icmp?: { readonly type: number; readonly code: number };
  /** `tcp 443`, `icmp type 8 code 0`, `gre`. */
  readonly packet: string;
  /** Ends that stand for any host of the internet. */
  readonly internet: { readonly source: boolean; readonly destination: boolean };
  readonly result: TraceResult;
}

export interface FlowTraceRequest {
  readonly source: string;
  readonly flow: FlowText;
  /** Tenant of names without one. */
  readonly namespace?: string;
  /** Left out: every family that both ends have. */
  readonly family?: AddressFamily;
}

type PacketFields = Pick<TraceRequest, 'protocol' | 'port' | 'icmp'>;

/** One end of the flow, for each family that it has. */
type EndByFamily = Partial<Record<AddressFamily, TraceEnd>>;

const ECHO_REQUEST: Readonly<Record<AddressFamily, number>> = { 4: 8, 6: 128 };

/** Traces the flow in every family asked for. Throws `FabricError` if an end is unknown or the ends share no family. */
export function traceFlow(
  model: FabricModel,
  resources: readonly Resource[],
  { source, flow, namespace, family }: FlowTraceRequest,
): readonly FlowTrace[] {
  const instances = resources.filter((resource) => resource.kind === 'Instance');
  const endOf = (text: string): EndByFamily => resolveEnd(text, namespace, model, resources, instances);
  const from = endOf(source);
  const to = endOf(flow.destination);
  const traces: FlowTrace[] = [];
  for (const each of [4, 6] as const) {
    const [sourceEnd, destinationEnd] = [from[each], to[each]];
    if (sourceEnd === undefined || destinationEnd === undefined || (family !== undefined && family !== each)) continue;
    const what = packetOf(flow.protocol, each);
    if (what === undefined) continue;
    const request: TraceRequest = { source: sourceEnd, destination: destinationEnd, family: each, ...what };
    const internet = { source: isInternet(source), destination: isInternet(flow.destination) };
    const result = widenRemedies(tracePacket(model, request), each, internet);
    traces.push({ family: each, ...what, packet: packetText(what), internet, result });
  }
  if (traces.length > 0) return traces;
  throw noCommonFamily([source, from], [flow.destination, to]);
}

function resolveEnd(
  text: string,
  namespace: string | undefined,
  model: FabricModel,
  resources: readonly Resource[],
  instances: readonly Instance[],
): EndByFamily {
  if (isInternet(text)) return internetEnd(model, resources);
  const address = tryParseIpAddress(text.replace(/^\[(.*)\]$/, '$1'));
  if (address !== undefined) {
    const canonical = formatIpAddress(address);
    const owner = model.instanceByAddress(canonical);
    return {
      [address.family]: owner === undefined ? { address: canonical } : { instance: owner.name, address: canonical },
    };
  }
  const instance = findInstance(instances, text, namespace);
  const end: EndByFamily = {};
  for (const own of instance.spec.addresses) {
    end[own.includes(':') ? 6 : 4] ??= { instance: instanceName(instance), address: own };
  }
  return end;
}

function internetEnd(model: FabricModel, resources: readonly Resource[]): EndByFamily {
  const end: EndByFamily = {};
  for (const family of [4, 6] as const) {
    const address = internetAddress(model, resources, family);
    if (address !== undefined) end[family] = { address };
  }
  return end;
}

/** The packet's protocol fields; `undefined` if the protocol does not exist in this family. */
function packetOf(protocol: FlowProtocol, family: AddressFamily): PacketFields | undefined {
  switch (protocol.type) {
    case 'ports':
      return { protocol: protocol.number, port: protocol.port };
    case 'bare':
      return { protocol: protocol.number };
    case 'icmp':
      if (protocol.family !== undefined && protocol.family !== family) return undefined;
      return {
        protocol: family === 4 ? 1 : 58,
        icmp: { type: protocol.icmpType ?? ECHO_REQUEST[family], code: protocol.icmpCode ?? 0 },
      };
  }
}

/** A rule for some host of the internet is one for any. */
function widenRemedies(result: TraceResult, family: AddressFamily, internet: FlowTrace['internet']): TraceResult {
  const widen = (end: EndVerdict): EndVerdict => {
    if (end.remedy === undefined) return end;
    const rule = { ...end.remedy.rule, remote: { cidr: family === 4 ? '0.0.0.0/0' : '::/0' } };
    return { ...end, remedy: { ...end.remedy, rule, text: ruleText(rule) } };
  };
  return {
    ...result,
    source: internet.destination ? widen(result.source) : result.source,
    destination: internet.source ? widen(result.destination) : result.destination,
  };
}

function packetText({ protocol, port, icmp }: PacketFields): string {
  if (port !== undefined) return `${protocolText(protocol)} ${port}`;
  if (icmp !== undefined) return `${protocolText(protocol)} type ${icmp.type} code ${icmp.code}`;
  return protocolText(protocol);
}

function noCommonFamily(...ends: readonly (readonly [text: string, end: EndByFamily])[]): FabricError {
  const families = ends.map(([text, end]) => `${text} has ${familiesText(end)}`).join(', ');
  const isInternetShort = ends.some(([text, end]) => isInternet(text) && Object.keys(end).length < 2);
  const hint = isInternetShort ? '; the resources name all of the other family: give an address, not `internet`' : '';
  return new FabricError('trace.no-common-family', `no flow of the family asked for can exist: ${families}${hint}`);
}

function isInternet(text: string): boolean {
  return text.toLowerCase() === 'internet';
}

function familiesText(end: EndByFamily): string {
  return (
    ([4, 6] as const)
      .filter((family) => end[family] !== undefined)
      .map((family) => `IPv${family}`)
      .join(' and ') || 'no address'
  );
}
