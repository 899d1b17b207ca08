import { BFD_DEFAULTS, type BGPPeer, type Host, MAX_DYNAMIC_PEERS, VERSION } from '@slash32/shared';
import type { ClientKind } from '../rib/path.ts';
import type { PeerPolicies } from './peer-policies.ts';
import type { AddPathSettings, BfdSettings, PeerSettings } from './peer-settings.ts';
import type { RemoteAs } from './remote-as.ts';

export function remoteAsOf({ asNumber }: BGPPeer['spec']): RemoteAs {
  return typeof asNumber === 'number' ? [asNumber] : asNumber;
}

/** A BGPPeer as it is for one host. `asNumber`, `routerId`: the host's. */
export function settingsOf(
  peer: BGPPeer,
  host: Host,
  asNumber: number,
  routerId: string,
  { importPolicies, exportPolicies }: PeerPolicies,
): PeerSettings {
  const { spec } = peer;
  const localAsNumber = spec.localAsNumber ?? asNumber;
  return {
    name: peer.metadata.name,
    address: spec.address ?? '',
    ...(spec.interface === undefined ? {} : { interface: spec.interface }),
    ...(spec.range === undefined
      ? {}
      : { range: { prefix: spec.range, limit: spec.maxDynamicPeers ?? MAX_DYNAMIC_PEERS } }),
    remoteAs: remoteAsOf(spec),
    localAsNumber,
    ...(localAsNumber === asNumber ? {} : { hostAsNumber: asNumber }),
    allowOwnAs: spec.allowOwnAs,
    acceptBlackhole: spec.acceptBlackhole,
    importPolicies,
    exportPolicies,
    maxPrefixes: spec.maxPrefixes ?? {},
    ...addPathsOf(spec.addPaths),
    ...clientOf(spec),
    asPathRewrite: {
      asOverride: spec.asOverride,
      ...(spec.removePrivateAs === undefined ? {} : { removePrivateAs: spec.removePrivateAs }),
    },
    ...(spec.role === undefined ? {} : { role: spec.role, ...(spec.strictRole ? { strictRole: true } : {}) }),
    clusterId: host.spec.clusterId ?? routerId,
    routerId,
    ...(spec.localAddress === undefined ? {} : { localAddress: spec.localAddress }),
    families: spec.families,
    holdTimeSeconds: spec.holdTimeSeconds,
    connectRetrySeconds: spec.connectRetrySeconds,
    ...(spec.sendHoldSeconds === undefined ? {} : { sendHoldSeconds: spec.sendHoldSeconds }),
    ...(spec.delayOpenSeconds === undefined ? {} : { delayOpenSeconds: spec.delayOpenSeconds }),
    passive: spec.passive || spec.range !== undefined,
    ...gracefulRestartOf(spec.gracefulRestart),
    ...introductionOf(spec.introduce, host.metadata.name),
    ...(spec.multihopTtl === undefined ? {} : { multihopTtl: spec.multihopTtl }),
    ...(spec.ttlSecurity === undefined ? {} : { ttlSecurityHops: spec.ttlSecurity.hops }),
    ...(spec.passwordFile === undefined ? {} : { passwordFile: spec.passwordFile }),
    ...bfdOf(spec.bfd),
    hostAddress: host.spec.address,
    ...(host.spec.address6 === undefined ? {} : { hostAddress6: host.spec.address6 }),
  };
}

function addPathsOf(addPaths: BGPPeer['spec']['addPaths']): { readonly addPaths?: AddPathSettings } {
  if (addPaths === undefined || (!addPaths.receive && addPaths.send === undefined)) return {};
  const { receive, send } = addPaths;
  return { addPaths: { receive, ...(send === undefined ? {} : { send }) } };
}

function gracefulRestartOf({
  stalePathSeconds,
  longLivedStaleTimeSeconds,
  ...always
}: BGPPeer['spec']['gracefulRestart']): Pick<PeerSettings, 'gracefulRestart' | 'stalePathSeconds'> {
  const gracefulRestart = {
    ...always,
    ...(longLivedStaleTimeSeconds === undefined ? {} : { longLivedStaleTimeSeconds }),
  };
  return { gracefulRestart, stalePathSeconds };
}

function clientOf(spec: BGPPeer['spec']): { readonly client?: ClientKind } {
  if (spec.routeReflectorClient) return { client: 'reflector' };
  return spec.routeServerClient ? { client: 'server' } : {};
}

function introductionOf(introduce: BGPPeer['spec']['introduce'], hostname: string): Pick<PeerSettings, 'introduction'> {
  if (introduce === 'nothing') return {};
  const softwareVersion = `slash32/${VERSION}`;
  return { introduction: { hostname, ...(introduce === 'hostname' ? {} : { softwareVersion }) } };
}

function bfdOf(bfd: BGPPeer['spec']['bfd']): { readonly bfd?: BfdSettings } {
  if (bfd === undefined || bfd === false) return {};
  return { bfd: bfd === true ? BFD_DEFAULTS : bfd };
}
