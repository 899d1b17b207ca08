import {
  type BGPPeer,
  type FabricConfiguration,
  type Host,
  matchesSelector,
  parseIpAddress,
  parseIpPrefix,
  prefixContains,
  type ResourceFinding,
  type RoutePolicy,
  trySelector,
} from '@slash32/shared';
import { type BlockPlan, type PlannedBlock, planBlocks } from './block-plan.ts';
import { remoteAsOf, settingsOf } from './peer-plan-settings.ts';
import { peerPolicies } from './peer-policies.ts';
import type { PeerRange, PeerSettings } from './peer-settings.ts';
import { isMixed, peerTypeOf } from './remote-as.ts';

/** The resources that decide which sessions a host has. */
export interface SpeakerResources {
  readonly configuration?: FabricConfiguration;
  readonly host?: Host;
  /** The others that have address blocks. */
  readonly otherHosts?: readonly Host[];
  /** Addresses of this host's blocks that instances on other hosts have; absent: not known yet. */
  readonly elsewhere?: readonly string[];
  /** By name. */
  readonly peers: ReadonlyMap<string, BGPPeer>;
  /** By name. */
  readonly policies?: ReadonlyMap<string, RoutePolicy>;
}

export interface PeerPlan {
  readonly asNumber?: number;
  readonly routerId?: string;
  /** By name. */
  readonly peers: ReadonlyMap<string, PeerSettings>;
  /** Address blocks to announce as a whole. */
  readonly blocks: readonly PlannedBlock[];
  readonly findings: readonly ResourceFinding[];
}

export const EMPTY_PLAN: PeerPlan = { peers: new Map(), blocks: [], findings: [] };

/**
 * Resources in, sessions out. What cannot be understood leaves in force what `previous` had in its place, with a
 * finding: a Host that was deleted by mistake, or lost its AS number, must not take a host off the network.
 */
export function planPeers(hostName: string, resources: SpeakerResources, previous: PeerPlan): PeerPlan {
  const { host } = resources;
  if (host === undefined) {
    return keep(previous, {
      code: 'host.unknown',
      resource: `Host/${hostName}`,
      severity: 'error',
      message: `there is no Host "${hostName}"; create it, or start the speaker with --host NAME of the one that this machine is`,
    });
  }
  const asNumber = host.spec.asNumber ?? resources.configuration?.spec.asNumber;
  if (asNumber === undefined) {
    return keep(previous, {
      code: 'host.no-as-number',
      resource: `Host/${hostName}`,
      path: 'spec.asNumber',
      severity: 'error',
      message: 'has no AS number; set spec.asNumber here, or in FabricConfiguration/default for all hosts',
    });
  }
  const routerId = host.spec.routerId ?? host.spec.address;
  const peers = new Map<string, PeerSettings>();
  const findings: ResourceFinding[] = [];
  const nameOfAddress = new Map<string, string>();
  for (const peer of [...resources.peers.values()].sort(byName)) {
    const { name } = peer.metadata;
    const problem = problemOf(peer, host, asNumber, nameOfAddress);
    if (problem === 'not-for-this-host') continue;
    if (problem === undefined) {
      nameOfAddress.set(locationOf(peer.spec), name);
      const session = { remoteAs: remoteAsOf(peer.spec), localAsNumber: peer.spec.localAsNumber ?? asNumber };
      const policies = peerPolicies(peer, {
        policies: resources.policies ?? new Map(),
        policyRequired: resources.configuration?.spec.ebgpRequiresPolicy === true && peerTypeOf(session) === 'ebgp',
      });
      findings.push(...policies.findings);
      peers.set(name, settingsOf(peer, host, asNumber, routerId, policies));
      continue;
    }
    findings.push(problem);
    const before = previous.peers.get(name);
    if (before !== undefined && !nameOfAddress.has(locationOf(before))) {
      nameOfAddress.set(locationOf(before), name);
      peers.set(name, before);
    }
  }
  findings.push(...unsignedInRangeFindings(peers));
  const { blocks, findings: blockFindings } = planHostBlocks(host, resources, peers, previous);
  findings.push(...blockFindings);
  return { asNumber, routerId, peers, blocks, findings };
}

/** What instances elsewhere have is not known for a moment after a change of blocks: those that there were stay. */
function planHostBlocks(
  host: Host,
  { otherHosts = [], elsewhere }: SpeakerResources,
  peers: ReadonlyMap<string, PeerSettings>,
  previous: PeerPlan,
): BlockPlan {
  const plan = planBlocks(host, otherHosts, peers.values(), elsewhere);
  if (elsewhere !== undefined) return plan;
  const planned = new Set(plan.blocks.map(({ prefix }) => prefix));
  return { ...plan, blocks: previous.blocks.filter(({ prefix }) => planned.has(prefix)) };
}

/** Where a peer is: no two of a host may be in one place. */
function locationOf(peer: {
  readonly address?: string | undefined;
  readonly interface?: string | undefined;
  readonly range?: string | PeerRange | undefined;
}): string {
  const { address, interface: device, range } = peer;
  if (range !== undefined) return typeof range === 'string' ? range : range.prefix;
  return device === undefined ? (address ?? '') : `%${device}`;
}

function keep(previous: PeerPlan, finding: ResourceFinding): PeerPlan {
  return { ...previous, findings: [finding] };
}

function byName(left: BGPPeer, right: BGPPeer): number {
  return left.metadata.name < right.metadata.name ? -1 : 1;
}

function problemOf(
  peer: BGPPeer,
  host: Host,
  asNumber: number,
  nameOfAddress: ReadonlyMap<string, string>,
): ResourceFinding | 'not-for-this-host' | undefined {
  const { spec } = peer;
  const finding = (code: string, path: string, message: string): ResourceFinding => ({
    code,
    resource: `BGPPeer/${peer.metadata.name}`,
    path,
    severity: 'error',
    message,
  });
  const parsed = trySelector(spec.hosts);
  if ('problem' in parsed) return finding('bgp-peer.bad-selector', 'spec.hosts', parsed.problem);
  if (!matchesSelector(parsed.selector, host.metadata.labels)) return 'not-for-this-host';
  if (spec.address !== undefined && (spec.address === host.spec.address || spec.address === host.spec.address6)) {
    return finding(
      'bgp-peer.own-address',
      'spec.address',
      `${spec.address} is this host itself; give the router's address`,
    );
  }
  const other = nameOfAddress.get(locationOf(spec));
  const place = spec.range !== undefined ? 'range' : spec.interface !== undefined ? 'interface' : 'address';
  if (other !== undefined) {
    return finding(
      'bgp-peer.duplicate-address',
      `spec.${place}`,
      `${spec[place]} is the ${place} of BGPPeer/${other} already, which stays in force; remove one of them`,
    );
  }
  const own = spec.localAsNumber ?? asNumber;
  if (isMixed({ remoteAs: remoteAsOf(spec), localAsNumber: own })) {
    return finding(
      'bgp-peer.mixed-as',
      'spec.asNumber',
      `has our own AS ${own} beside others; make one BGPPeer for the routers of our AS (internal), one for the others`,
    );
  }
  const type = peerTypeOf({ remoteAs: remoteAsOf(spec), localAsNumber: own });
  if (spec.routeReflectorClient && type !== 'ibgp') {
    return finding(
      'bgp-peer.client-kind',
      'spec.routeReflectorClient',
      `a client of a route reflector is of our own AS ${own}, spec.asNumber is another one; use routeServerClient, or neither`,
    );
  }
  if (spec.role !== undefined && type === 'ibgp') {
    return finding(
      'bgp-peer.role-inside',
      'spec.role',
      `roles are between AS numbers (RFC 9234), the router is of our own AS ${own}; leave role out`,
    );
  }
  if (spec.routeServerClient && type !== 'ebgp') {
    return finding(
      'bgp-peer.client-kind',
      'spec.routeServerClient',
      `a client of a route server is of another AS than our own ${own}; use routeReflectorClient, or neither`,
    );
  }
  if (
    spec.localAddress !== undefined &&
    spec.address !== undefined &&
    spec.localAddress.includes(':') !== spec.address.includes(':')
  ) {
    return finding(
      'bgp-peer.family-mismatch',
      'spec.localAddress',
      `${spec.localAddress} is not of the family of spec.address ${spec.address}; give an address of the same family, or none`,
    );
  }
  return undefined;
}

/** The kernel has a range's password for all of its addresses but those that have one of their own. */
function unsignedInRangeFindings(peers: ReadonlyMap<string, PeerSettings>): readonly ResourceFinding[] {
  const ranges = [...peers.values()].flatMap(({ name, range, passwordFile }) =>
    range === undefined || passwordFile === undefined ? [] : [{ name, prefix: parseIpPrefix(range.prefix) }],
  );
  if (ranges.length === 0) return [];
  return [...peers.values()].flatMap((peer): readonly ResourceFinding[] => {
    if (peer.passwordFile !== undefined || peer.address === '') return [];
    const address = parseIpAddress(peer.address);
    const range = ranges.find(({ prefix }) => prefixContains(prefix, address));
    if (range === undefined) return [];
    return [
      {
        code: 'bgp-peer.range-password',
        resource: `BGPPeer/${peer.name}`,
        path: 'spec.passwordFile',
        severity: 'warning',
        message: `${peer.address} is in the range of BGPPeer/${range.name}, which has a password: what the router sends unsigned is dropped when it calls us; give it a password too, or have it wait for our call`,
      },
    ];
  });
}
