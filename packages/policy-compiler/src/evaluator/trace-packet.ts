import { type Host, PROTOCOL_NUMBERS, parseIpAddress, prefixContains, type SecurityGroupRule } from '@slash32/shared';
import type { FabricModel } from '../model/fabric-model.ts';
import { isFabricProtocol } from '../model/fabric-protocols.ts';
import type { OpenInstance, ResolvedInstance } from '../model/resolved-instance.ts';
import { type Flow, resolveFlow } from './resolve-flow.ts';
import { isIn, type JudgedPacket, ruleAllows } from './rule-match.ts';
import { protocolText, ruleText } from './rule-text.ts';
import type { EndVerdict, TraceRequest, TraceResult } from './trace-types.ts';

export { protocolText, ruleText } from './rule-text.ts';
export * from './trace-types.ts';

/** ICMP messages that conntrack begins a flow with: requests. Everything else is an answer, an error, or stays on its link. */
const FLOW_BEGINNERS: Readonly<Record<4 | 6, readonly number[]>> = { 4: [8, 13, 15, 17], 6: [128, 139] };
/** IPv6 messages that only a router may send: advertisement, redirect. */
const ROUTER_MESSAGES: readonly number[] = [134, 137];
/** Neighbour discovery and multicast listener messages that an instance sends. */
const LINK_MESSAGES: readonly number[] = [131, 132, 133, 135, 136, 143];
const ECHO_REQUEST: Readonly<Record<4 | 6, number>> = { 4: 8, 6: 128 };

/**
 * What becomes of the first packet of a flow, judged from the resources alone (not from the compiled program).
 *
 * Throws `FabricError`: `trace.unknown-instance`, `trace.no-common-family` (the ends have no address of one family),
 * `trace.invalid` (an address, port or ICMP type that is missing or cannot be).
 */
export function tracePacket(model: FabricModel, request: TraceRequest): TraceResult {
  const flow = resolveFlow(model, request);
  const hostInput = judgeHostInput(model, flow);
  const source = hostInput?.source ?? judgeSource(model, flow);
  const destination = hostInput?.destination ?? judgeDestination(model, flow);
  const verdict = source.verdict === 'pass' && destination.verdict === 'pass' ? 'pass' : 'drop';
  const { sourceAddress, destinationAddress } = flow;
  return {
    verdict,
    sourceAddress,
    destinationAddress,
    ...(verdict === 'pass' ? { seenSourceAddress: seenSource(model, flow) } : {}),
    source,
    destination,
  };
}

/** To the source's own host or to a gateway: the groups are not asked. */
function judgeHostInput(
  model: FabricModel,
  flow: Flow,
): { readonly source: EndVerdict; readonly destination: EndVerdict } | undefined {
  const { source, destination, destinationAddress } = flow;
  if (source?.state !== 'open' || destination !== undefined) return undefined;
  const isGateway = source.gateways.includes(destinationAddress);
  const isHosts = addressesOf(model.host(source.host)).includes(destinationAddress);
  // An address of services is on every host, unless it is one host's own.
  const isServices =
    !model.isHostAddress(destinationAddress) &&
    model.configuration().hostServices.some(({ address }) => address === destinationAddress);
  if (!isGateway && !isHosts && !isServices) return undefined;
  const guard = guardSource(flow, source);
  const service = hostService(model, flow, isGateway);
  const explanation =
    service === undefined
      ? `${destinationAddress} is on host ${source.host} itself, which is closed to instances`
      : `${destinationAddress} is on host ${source.host} itself, which answers ${service}`;
  return {
    source: guard ?? {
      ...identity(source),
      verdict: 'pass',
      reason: 'host-input',
      explanation: 'groups are not asked about traffic to the own host',
    },
    destination: {
      host: source.host,
      verdict: service === undefined ? 'drop' : 'pass',
      reason: 'host-input',
      explanation,
    },
  };
}

/** What a host answers its instances: what they need to have and find their way. */
function hostService(model: FabricModel, flow: Flow, isGateway: boolean): string | undefined {
  const { family, protocol, port, icmp, destinationAddress } = flow;
  const configured = model
    .configuration()
    .hostServices.find(
      (some) =>
        PROTOCOL_NUMBERS[some.protocol] === protocol &&
        some.port === port &&
        (some.address === undefined ? isGateway : some.address === destinationAddress),
    );
  if (configured !== undefined) return `its service ${configured.protocol} ${configured.port}`;
  if (isGateway && icmp?.type === ECHO_REQUEST[family]) return 'echo requests to the gateway';
  if (family === 6 && icmp !== undefined && LINK_MESSAGES.includes(icmp.type)) return 'neighbour discovery';
  if (protocol === 17 && port === (family === 4 ? 67 : 547)) return 'DHCP clients';
  return undefined;
}

function judgeSource(model: FabricModel, flow: Flow): EndVerdict {
  const { source } = flow;
  if (source === undefined) return notAnInstance(flow.sourceAddress);
  if (source.state === 'closed') return closed(source);
  return (
    guardSource(flow, source) ??
    guardHosts(model, flow, source) ??
    judgeEnd(model, flow, source, 'egress', flow.destinationAddress)
  );
}

function judgeDestination(model: FabricModel, flow: Flow): EndVerdict {
  const { destination } = flow;
  if (destination === undefined) return notAnInstance(flow.destinationAddress);
  if (destination.state === 'closed') return closed(destination);
  return judgeEnd(model, flow, destination, 'ingress', flow.sourceAddress);
}

/** What an instance may not send, whatever its groups say. */
function guardSource(flow: Flow, source: OpenInstance): EndVerdict | undefined {
  if (!source.portSecurity) return undefined;
  const { sourceAddress, sourceMac, icmp, family } = flow;
  const isOwn =
    (sourceMac === source.mac && source.addresses.includes(sourceAddress)) ||
    source.pairs.some((pair) => pair.mac === sourceMac && isIn(pair.prefix, sourceAddress));
  if (!isOwn) {
    const explanation = `${source.name} may not send from ${sourceAddress} with MAC ${sourceMac}: it is neither its own nor an allowed address pair`;
    return { ...identity(source), verdict: 'drop', reason: 'spoofed-source', explanation };
  }
  if (family === 6 && icmp !== undefined && ROUTER_MESSAGES.includes(icmp.type)) {
    const explanation = `icmpv6 type ${icmp.type} is for routers to send`;
    return { ...identity(source), verdict: 'drop', reason: 'begins-no-flow', explanation };
  }
  return undefined;
}

/** What an instance may not say to a host, whatever its groups say, and with port security off, too. */
function guardHosts(model: FabricModel, flow: Flow, source: OpenInstance): EndVerdict | undefined {
  const { protocol, port, destinationAddress } = flow;
  if (!model.isHostAddress(destinationAddress) || !isFabricProtocol(protocol, port)) return undefined;
  const what = port === undefined ? protocolText(protocol) : `${protocolText(protocol)} ${port}`;
  const explanation = `${destinationAddress} is a host, and ${what} is for hosts and routers to speak`;
  return { ...identity(source), verdict: 'drop', reason: 'fabric-protocol', explanation };
}

function judgeEnd(
  model: FabricModel,
  flow: Flow,
  instance: OpenInstance,
  direction: 'ingress' | 'egress',
  farAddress: string,
): EndVerdict {
  const who = identity(instance);
  const far = parseIpAddress(farAddress);
  if (instance.reach === 'site' && !model.sitePrefixes().some((prefix) => prefixContains(prefix, far))) {
    const explanation = `network ${instance.network} reaches the site only, and ${farAddress} is outside it`;
    return { ...who, verdict: 'drop', reason: 'outside-reach', explanation };
  }
  if (!instance.portSecurity) {
    const explanation = `${instance.name} has no port security: it is not filtered`;
    return { ...who, verdict: 'pass', reason: 'port-security-off', explanation };
  }
  if (instance.stateful && flow.icmp !== undefined && !FLOW_BEGINNERS[flow.family].includes(flow.icmp.type)) {
    const explanation = `${protocolText(flow.protocol)} type ${flow.icmp.type} begins no flow; it passes only as part of one`;
    return { ...who, verdict: 'drop', reason: 'begins-no-flow', explanation };
  }
  const packet: JudgedPacket = { ...flow, farAddress };
  for (const group of instance.groups) {
    const resource = model.securityGroup(group);
    const index =
      resource?.spec.rules.findIndex((rule) =>
        ruleAllows(model, resource.metadata.namespace, rule, direction, packet),
      ) ?? -1;
    const rule = resource?.spec.rules[index];
    if (rule === undefined) continue;
    const text = ruleText(rule);
    return {
      ...who,
      verdict: 'pass',
      reason: 'rule',
      rule: { group, index, text },
      explanation: `rule ${index} of ${group}: ${text}`,
    };
  }
  const remedy = narrowestRule(direction, packet);
  const [group] = instance.groups;
  return {
    ...who,
    verdict: 'drop',
    reason: group === undefined ? 'no-groups' : 'no-rule',
    explanation:
      group === undefined
        ? `${instance.name} has no security group, so nothing passes`
        : `no ${direction} rule of ${instance.groups.join(', ')} allows it`,
    remedy: { ...(group === undefined ? {} : { group }), rule: remedy, text: ruleText(remedy) },
  };
}

/** The rule that allows this packet and as little else as a rule can. */
function narrowestRule(direction: 'ingress' | 'egress', packet: JudgedPacket): SecurityGroupRule {
  const { family, protocol, port, icmp, farAddress } = packet;
  return {
    direction,
    ethertype: family === 4 ? 'IPv4' : 'IPv6',
    protocol,
    ...(port === undefined ? {} : { ports: { first: port, last: port } }),
    ...(icmp === undefined ? {} : { icmp: { type: icmp.type, code: icmp.code } }),
    remote: { cidr: `${farAddress}/${family === 4 ? 32 : 128}` },
  };
}

/** IPv4 that leaves the site from a masquerading network shows the host's address. */
function seenSource(model: FabricModel, flow: Flow): string {
  const { source, family, sourceAddress, destinationAddress } = flow;
  if (source?.state !== 'open' || source.egressNat !== 'masquerade' || family !== 4) return sourceAddress;
  const destination = parseIpAddress(destinationAddress);
  if (model.sitePrefixes().some((prefix) => prefixContains(prefix, destination))) return sourceAddress;
  const host = model.host(source.host);
  return host?.spec.masqueradeAddress ?? host?.spec.address ?? sourceAddress;
}

function notAnInstance(address: string): EndVerdict {
  return {
    verdict: 'pass',
    reason: 'not-an-instance',
    explanation: `${address} is no instance's: nothing is asked at this end`,
  };
}

function closed(instance: ResolvedInstance): EndVerdict {
  const why = instance.state === 'closed' ? instance.reason : '';
  return {
    ...identity(instance),
    verdict: 'drop',
    reason: 'endpoint-closed',
    explanation: `${instance.name} is closed: ${why}`,
  };
}

function identity(instance: ResolvedInstance): { readonly instance: string; readonly host: string } {
  return { instance: instance.name, host: instance.host };
}

function addressesOf(host: Host | undefined): string[] {
  if (host === undefined) return [];
  const { address, address6, masqueradeAddress } = host.spec;
  return [address, address6, masqueradeAddress].filter((text) => text !== undefined);
}
