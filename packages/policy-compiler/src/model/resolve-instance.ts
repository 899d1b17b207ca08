import {
  type Host,
  type LogDrops,
  type Network,
  parseIpAddress,
  parseIpPrefix,
  prefixContains,
  type ResourceFinding,
  type SecurityGroup,
} from '@slash32/shared';
import { type InstanceRecord, instanceKey, logDropsIdentity } from './instance-record.ts';
import type { ClosedInstance, OpenInstance } from './resolved-instance.ts';

/** IPv6 first hop of pools that name no gateway. */
export const LINK_LOCAL_GATEWAY = 'fe80::1';

/** What an instance refers to. */
export interface ResolutionContext {
  readonly interfacePrefixes: readonly string[];
  host(name: string): Host | undefined;
  network(name: string): Network | undefined;
  securityGroup(name: string): SecurityGroup | undefined;
  /** A Host that has this address, if one does. */
  hostWithAddress(address: string): string | undefined;
  /** A Network with a pool of this gateway, if one has it. */
  networkWithGateway(address: string): string | undefined;
}

/** What an instance's own statements come to. Few different ones among many instances: they share it. */
export interface InstanceFacts {
  readonly gateways: readonly string[];
  readonly reach: OpenInstance['reach'];
  readonly egressNat: OpenInstance['egressNat'];
  /** Sorted, without repetition; empty without port security. */
  readonly groups: readonly string[];
  readonly stateful: boolean;
  readonly logDrops: LogDrops | undefined;
}

export interface Resolution {
  readonly record: InstanceRecord;
  /** `undefined` if a finding is an error. */
  readonly facts: InstanceFacts | undefined;
  readonly findings: readonly ResourceFinding[];
}

const NO_FINDINGS: readonly ResourceFinding[] = [];

/** Resolves an instance by itself: everything but the claims that others may have on the same things. */
export function resolveInstance(record: InstanceRecord, context: ResolutionContext): Resolution {
  const { name, profile } = record;
  const { portSecurity } = profile;
  const findings: ResourceFinding[] = [];
  const report = (severity: 'error' | 'warning', code: string, path: string, message: string): void => {
    findings.push({ code: `instance.${code}`, resource: instanceKey(record), path, severity, message });
  };

  if (context.host(record.host) === undefined) {
    report(
      'error',
      'unknown-host',
      'spec.host',
      `Instance ${name}: there is no Host ${record.host}; create it or correct spec.host`,
    );
  }
  if (!context.interfacePrefixes.some((prefix) => record.interface.startsWith(prefix))) {
    report(
      'error',
      'interface-prefix',
      'spec.interface',
      `Instance ${name}: interface ${record.interface} starts with none of interfacePrefixes (${context.interfacePrefixes.join(', ')}) of the FabricConfiguration, so nothing would guard it; rename it or add its prefix`,
    );
  }
  const network = context.network(profile.network);
  if (network === undefined) {
    report(
      'error',
      'unknown-network',
      'spec.network',
      `Instance ${name}: there is no Network ${profile.network}; create it or correct spec.network`,
    );
  }
  const gateways = new Set<string>();
  record.addresses.forEach((text, index) => {
    const path = `spec.addresses[${index}]`;
    const address = parseIpAddress(text);
    const hostName = context.hostWithAddress(text);
    if (hostName !== undefined) {
      report(
        'error',
        'address-of-host',
        path,
        `Instance ${name}: ${text} is the address of Host ${hostName}; choose another`,
      );
    }
    const gatewayNetwork = context.networkWithGateway(text);
    if (gatewayNetwork !== undefined) {
      report(
        'error',
        'address-is-gateway',
        path,
        `Instance ${name}: ${text} is a gateway of Network ${gatewayNetwork}; choose another`,
      );
    }
    if (network === undefined) return;
    const pool = network.spec.pools.find((candidate) => prefixContains(parseIpPrefix(candidate.cidr), address));
    if (pool === undefined) {
      const pools = network.spec.pools.map((candidate) => candidate.cidr).join(', ');
      report(
        'error',
        'address-outside-pools',
        path,
        `Instance ${name}: ${text} is in no pool of Network ${profile.network} (${pools}); choose one of these or add a pool`,
      );
    } else {
      gateways.add(pool.gateway ?? LINK_LOCAL_GATEWAY);
    }
  });

  const groups = new Set<string>();
  const modes = new Set<boolean>();
  profile.groups.forEach((group, index) => {
    const resource = context.securityGroup(group);
    if (resource === undefined) {
      report(
        'error',
        'unknown-group',
        `spec.securityGroups[${index}]`,
        `Instance ${name}: there is no SecurityGroup ${group}; create it or take it off the list`,
      );
      return;
    }
    groups.add(group);
    modes.add(resource.spec.stateful);
  });
  if (modes.size > 1) {
    report(
      'error',
      'mixed-stateful',
      'spec.securityGroups',
      `Instance ${name}: some of its groups are stateful and some are not, so it is undecided whether replies pass; use groups of one sort`,
    );
  }
  if (!portSecurity && groups.size > 0) {
    report(
      'warning',
      'groups-without-port-security',
      'spec.securityGroups',
      `Instance ${name}: with portSecurity: false its groups neither filter it nor count it as a member; remove one or the other`,
    );
  }

  if (network === undefined || findings.some((finding) => finding.severity === 'error')) {
    return { record, facts: undefined, findings };
  }
  return {
    record,
    facts: {
      gateways: [...gateways],
      reach: network.spec.reach,
      egressNat: network.spec.egressNat.ipv4,
      groups: portSecurity ? [...groups].sort() : [],
      stateful: !modes.has(false),
      logDrops: profile.logDrops ?? mostLogged([...groups].sort(), context),
    },
    findings: findings.length === 0 ? NO_FINDINGS : findings,
  };
}

/** Of groups that log as much, the first by name. */
function mostLogged(groups: readonly string[], context: ResolutionContext): LogDrops | undefined {
  let most: LogDrops | undefined;
  for (const group of groups) {
    const logDrops = context.securityGroup(group)?.spec.logDrops;
    if (logDrops !== undefined && logDrops.perSecond > (most?.perSecond ?? 0)) most = logDrops;
  }
  return most;
}

/** The same text for the same facts. */
export function factsIdentity({ gateways, reach, egressNat, groups, stateful, logDrops }: InstanceFacts): string {
  return `${reach} ${egressNat} ${stateful} ${logDropsIdentity(logDrops)} ${gateways.join(' ')} / ${groups.join(' ')}`;
}

export function openInstance(record: InstanceRecord, facts: InstanceFacts): OpenInstance {
  const { profile } = record;
  return {
    state: 'open',
    name: record.name,
    key: instanceKey(record),
    host: record.host,
    interface: record.interface,
    mac: record.mac,
    addresses: record.addresses,
    network: profile.network,
    gateways: facts.gateways,
    reach: facts.reach,
    egressNat: facts.egressNat,
    groups: facts.groups,
    pairs: profile.portSecurity ? record.pairs : [],
    portSecurity: profile.portSecurity,
    stateful: facts.stateful,
    logDrops: facts.logDrops,
  };
}

/** `findings`: at least one error. */
export function closedInstance(record: InstanceRecord, findings: readonly ResourceFinding[]): ClosedInstance {
  return {
    state: 'closed',
    name: record.name,
    key: instanceKey(record),
    host: record.host,
    interface: record.interface,
    mac: record.mac,
    addresses: record.addresses,
    findings,
    reason: findings
      .filter((finding) => finding.severity === 'error')
      .map((finding) => finding.message)
      .join('; '),
  };
}
