import {
  type Host,
  type Instance,
  keyOf,
  type Network,
  parseIpAddress,
  parseIpPrefix,
  prefixContains,
  type ResourceFinding,
  resolveReference,
  type SecurityGroup,
} from '@slash32/shared';
import type { OpenInstance, ResolvedPair } from './resolved-instance.ts';

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

export interface Resolution {
  /** Absent if a finding is an error. */
  readonly open?: OpenInstance;
  readonly findings: readonly ResourceFinding[];
}

/** `NAMESPACE/NAME`. */
export function nameOf(resource: { readonly metadata: { readonly namespace: string; readonly name: string } }): string {
  return `${resource.metadata.namespace}/${resource.metadata.name}`;
}

/** Resolves an instance by itself: everything but the claims that others may have on the same things. */
export function resolveInstance(instance: Instance, context: ResolutionContext): Resolution {
  const { spec } = instance;
  const name = nameOf(instance);
  const findings: ResourceFinding[] = [];
  const report = (severity: 'error' | 'warning', code: string, path: string, message: string): void => {
    findings.push({ code: `instance.${code}`, resource: keyOf(instance), path, severity, message });
  };

  if (context.host(spec.host) === undefined) {
    report(
      'error',
      'unknown-host',
      'spec.host',
      `Instance ${name}: there is no Host ${spec.host}; create it or correct spec.host`,
    );
  }
  if (!context.interfacePrefixes.some((prefix) => spec.interface.startsWith(prefix))) {
    report(
      'error',
      'interface-prefix',
      'spec.interface',
      `Instance ${name}: interface ${spec.interface} starts with none of interfacePrefixes (${context.interfacePrefixes.join(', ')}) of the FabricConfiguration, so nothing would guard it; rename it or add its prefix`,
    );
  }
  const network = context.network(spec.network);
  if (network === undefined) {
    report(
      'error',
      'unknown-network',
      'spec.network',
      `Instance ${name}: there is no Network ${spec.network}; create it or correct spec.network`,
    );
  }
  const gateways = new Set<string>();
  spec.addresses.forEach((text, index) => {
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
        `Instance ${name}: ${text} is in no pool of Network ${spec.network} (${pools}); choose one of these or add a pool`,
      );
    } else {
      gateways.add(pool.gateway ?? LINK_LOCAL_GATEWAY);
    }
  });

  const groups = new Set<string>();
  const modes = new Set<boolean>();
  spec.securityGroups.forEach((reference, index) => {
    const group = resolveReference(reference, instance.metadata.namespace);
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
  if (!spec.portSecurity && groups.size > 0) {
    report(
      'warning',
      'groups-without-port-security',
      'spec.securityGroups',
      `Instance ${name}: with portSecurity: false its groups neither filter it nor count it as a member; remove one or the other`,
    );
  }

  if (network === undefined || findings.some((finding) => finding.severity === 'error')) return { findings };
  return {
    findings,
    open: {
      state: 'open',
      name,
      key: keyOf(instance),
      host: spec.host,
      interface: spec.interface,
      mac: spec.mac,
      addresses: spec.addresses,
      network: spec.network,
      gateways: [...gateways],
      reach: network.spec.reach,
      egressNat: network.spec.egressNat.ipv4,
      groups: spec.portSecurity ? [...groups].sort() : [],
      pairs: spec.portSecurity ? resolvePairs(instance) : [],
      portSecurity: spec.portSecurity,
      stateful: !modes.has(false),
    },
  };
}

function resolvePairs(instance: Instance): ResolvedPair[] {
  const pairs = new Map<string, ResolvedPair>();
  for (const { cidr, mac = instance.spec.mac } of instance.spec.allowedAddressPairs) {
    pairs.set(`${cidr} ${mac}`, { prefix: cidr, mac });
  }
  return [...pairs.values()].sort(
    (left, right) => compareText(left.prefix, right.prefix) || compareText(left.mac, right.mac),
  );
}

/** Code unit order: the same everywhere, unlike the locale's. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
