import type { TcpProtection } from '@slash32/linux';
import type { AdmittedPeer } from '../session/transport.ts';
import { protectionOf } from './peer-protection.ts';
import type { PeerSettings } from './peer-settings.ts';
import type { PeerReadiness } from './ready-peers.ts';

/** Whom the listener takes connections from. Peers that are not decided about yet keep what they have. */
export function admittedPeers(
  { ready, undecided }: PeerReadiness,
  neighbors: ReadonlyMap<string, { readonly settings: PeerSettings; readonly protection: TcpProtection }>,
): readonly AdmittedPeer[] {
  const decided = [...ready.values()].map(({ settings, md5Key }) =>
    admittedPeer(settings, protectionOf(settings, md5Key)),
  );
  const kept = [...undecided.keys()].flatMap((name) => {
    const neighbor = neighbors.get(name);
    return neighbor === undefined ? [] : [admittedPeer(neighbor.settings, neighbor.protection)];
  });
  return [...decided, ...kept];
}

function admittedPeer({ name, address, interface: device }: PeerSettings, protection: TcpProtection): AdmittedPeer {
  return { name, address, ...(device === undefined ? {} : { device }), protection };
}
