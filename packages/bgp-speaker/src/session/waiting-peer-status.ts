import type { BgpNeighborStatus } from '@slash32/shared';
import type { PeerSettings } from '../peers/peer-settings.ts';
import type { WaitingPeer } from '../peers/ready-peers.ts';
import { soleAsOf } from '../peers/remote-as.ts';
import { remoteAsFields } from './neighbor-status.ts';

function placeText({ address, interface: device, range }: PeerSettings): string {
  if (address !== '') return address;
  return range === undefined ? `%${device ?? ''}` : range.prefix;
}

/** The status of a peer that must not have a session yet. */
export function waitingPeerStatus(
  { settings, reason }: WaitingPeer,
  { sinceMs, nowMs, nowWallMs }: { readonly sinceMs: number; readonly nowMs: number; readonly nowWallMs: number },
): BgpNeighborStatus {
  return {
    peer: settings.name,
    address: placeText(settings),
    ...remoteAsFields(settings, soleAsOf(settings)),
    localAsNumber: settings.localAsNumber,
    state: 'Idle',
    stateSeconds: (nowMs - sinceMs) / 1000,
    lastDown: { at: new Date(nowWallMs - (nowMs - sinceMs)).toISOString(), reason },
    localCapabilities: [],
    remoteCapabilities: [],
    messages: { sent: {}, received: {} },
    prefixes: {},
  };
}
