import type { BgpFamily } from '@slash32/shared';
import type { CodecContext, PeerType } from '../codec-context.ts';
import { FAMILY_PARAMETERS } from '../family.ts';
import type { OpenMessage } from '../messages/open.ts';
import type { Capability } from './capability.ts';

type CapabilityKind = Capability['kind'];
type CapabilityOf<Kind extends CapabilityKind> = Extract<Capability, { kind: Kind }>;

/** All capabilities of a kind. */
export function capabilitiesOf<Kind extends CapabilityKind>(
  capabilities: readonly Capability[],
  kind: Kind,
): CapabilityOf<Kind>[] {
  return capabilities.filter((capability): capability is CapabilityOf<Kind> => capability.kind === kind);
}

/** The last capability of a kind: what counts if a peer repeats it (RFC 4724 section 3 says so for its own). */
export function lastCapability<Kind extends CapabilityKind>(
  capabilities: readonly Capability[],
  kind: Kind,
): CapabilityOf<Kind> | undefined {
  return capabilitiesOf(capabilities, kind).at(-1);
}

/** The sender's AS number: of the 4-octet AS capability if there is one (RFC 6793 section 4.1). */
export function openAsNumber(open: OpenMessage): number {
  return lastCapability(open.capabilities, 'four-octet-as')?.asNumber ?? open.myAs;
}

/** The families that an OPEN offers; without any multiprotocol capability, IPv4 unicast (RFC 4760 section 8). */
export function openFamilies(open: OpenMessage): ReadonlySet<BgpFamily> {
  const offered = capabilitiesOf(open.capabilities, 'multiprotocol');
  if (offered.length === 0) return new Set<BgpFamily>(['ipv4-unicast']);
  return new Set(offered.flatMap(({ family }) => (family === undefined ? [] : [family])));
}

/** What both OPENs of a session agree on. */
export function negotiate(local: OpenMessage, remote: OpenMessage, peerType: PeerType): CodecContext {
  const both = (kind: CapabilityKind): boolean =>
    lastCapability(local.capabilities, kind) !== undefined && lastCapability(remote.capabilities, kind) !== undefined;
  const families = openFamilies(local).intersection(openFamilies(remote));
  return {
    peerType,
    fourOctetAs: both('four-octet-as'),
    extendedMessages: both('extended-message'),
    families,
    addPathReceive: addPathFamilies(local, 'receive')
      .intersection(addPathFamilies(remote, 'send'))
      .intersection(families),
    addPathSend: addPathFamilies(local, 'send').intersection(addPathFamilies(remote, 'receive')).intersection(families),
    extendedNextHop: extendedNextHopFamilies(local)
      .intersection(extendedNextHopFamilies(remote))
      .intersection(families),
  };
}

function addPathFamilies(open: OpenMessage, direction: 'send' | 'receive'): Set<BgpFamily> {
  const listed = lastCapability(open.capabilities, 'add-path')?.families ?? [];
  return new Set(
    listed.flatMap((entry) =>
      entry.family !== undefined && (entry.direction === direction || entry.direction === 'both') ? [entry.family] : [],
    ),
  );
}

function extendedNextHopFamilies(open: OpenMessage): Set<BgpFamily> {
  const listed = capabilitiesOf(open.capabilities, 'extended-next-hop').flatMap(({ families }) => families);
  return new Set(
    listed.flatMap(({ family, nextHopAfi }) =>
      family === 'ipv4-unicast' && nextHopAfi === FAMILY_PARAMETERS['ipv6-unicast'].afi ? [family] : [],
    ),
  );
}
