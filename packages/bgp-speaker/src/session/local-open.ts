import type { BgpFamily } from '@slash32/shared';
import { AS_TRANS, type Capability, FAMILY_PARAMETERS, type OpenMessage } from '../codec/index.ts';
import type { PeerSettings } from '../peers/peer-settings.ts';

/** What a speaker says of its own restart (RFC 4724 3). */
export interface RestartState {
  /** R bit: the speaker has just started and has not ended its selection deferral. */
  readonly restarting: () => boolean;
  /** F bit per family: the kernel kept forwarding while the speaker was away. */
  readonly forwardingPreserved: (family: BgpFamily) => boolean;
}

/** The OPEN that we send to a peer. */
export function localOpen(settings: PeerSettings, restart: RestartState): OpenMessage {
  const families = settings.families.map((family) => FAMILY_PARAMETERS[family]);
  const capabilities: Capability[] = [
    ...families.map(({ family, afi, safi }) => ({ kind: 'multiprotocol', family, afi, safi }) as const),
    ...extendedNextHop(settings),
    { kind: 'route-refresh' },
    { kind: 'enhanced-route-refresh' },
    { kind: 'extended-message' },
    {
      kind: 'graceful-restart',
      restarting: restart.restarting(),
      notification: settings.gracefulRestart.notifications,
      restartTimeSeconds: settings.gracefulRestart.restartTimeSeconds,
      families: families.map(({ family, afi, safi }) => ({
        family,
        afi,
        safi,
        forwardingPreserved: restart.forwardingPreserved(family),
      })),
    },
    ...longLived(settings, restart),
    { kind: 'four-octet-as', asNumber: settings.localAsNumber },
    ...(settings.role === undefined ? [] : [{ kind: 'role', role: settings.role } as const]),
    ...addPath(settings),
    ...introduction(settings),
  ];
  return {
    version: 4,
    myAs: settings.localAsNumber > 0xffff ? AS_TRANS : settings.localAsNumber,
    holdTimeSeconds: settings.holdTimeSeconds,
    routerId: settings.routerId,
    capabilities,
  };
}

/** RFC 8950 4: over an IPv6 session, IPv4 routes may have a next hop that is found on the session's link. */
function extendedNextHop({ address, families }: PeerSettings): readonly Capability[] {
  if (!address.includes(':') || !families.includes('ipv4-unicast')) return [];
  const { afi, safi } = FAMILY_PARAMETERS['ipv4-unicast'];
  const nextHopAfi = FAMILY_PARAMETERS['ipv6-unicast'].afi;
  return [{ kind: 'extended-next-hop', families: [{ family: 'ipv4-unicast', afi, safi, nextHopAfi }] }];
}

/** RFC 7911 4: for every family that the session may have. */
function addPath({ addPaths, families }: PeerSettings): readonly Capability[] {
  if (addPaths === undefined) return [];
  const direction = addPaths.send === undefined ? 'receive' : addPaths.receive ? 'both' : 'send';
  return [
    {
      kind: 'add-path',
      families: families.map((family) => {
        const { afi, safi } = FAMILY_PARAMETERS[family];
        return { family, afi, safi, direction };
      }),
    },
  ];
}

/** RFC 9494 4.1: the router may keep our routes for so long after our restart time. */
function longLived({ families, gracefulRestart }: PeerSettings, restart: RestartState): readonly Capability[] {
  const { longLivedStaleTimeSeconds: staleTimeSeconds } = gracefulRestart;
  if (staleTimeSeconds === undefined) return [];
  return [
    {
      kind: 'long-lived-graceful-restart',
      families: families.map((family) => {
        const { afi, safi } = FAMILY_PARAMETERS[family];
        return { family, afi, safi, forwardingPreserved: restart.forwardingPreserved(family), staleTimeSeconds };
      }),
    },
  ];
}

/** What people at the router see of us; neither has an RFC, and FRR has both. */
function introduction({ introduction: told }: PeerSettings): readonly Capability[] {
  if (told === undefined) return [];
  const [hostname = '', ...domain] = told.hostname.split('.');
  return [
    { kind: 'hostname', hostname, domain: domain.join('.') },
    ...(told.softwareVersion === undefined
      ? []
      : [{ kind: 'software-version', version: told.softwareVersion } as const]),
  ];
}
