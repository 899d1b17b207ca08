import type { TcpProtection } from '@slash32/linux';
import type { AdmittedPeer } from '../session/transport.ts';
import { protectionOf } from './peer-protection.ts';
import type { PeerSettings } from './peer-settings.ts';
import { placeOf } from './range-callers.ts';
import type { PeerReadiness } from './ready-peers.ts';

/**
 * Whom the listener takes connections from, ranges among them; their dynamic neighbours need no entry of their own. Peers
 * that are not decided about yet keep what they have; a range takes nobody new meanwhile.
 */
export function admittedPeers(
  { ready, undecided }: PeerReadiness,
  neighbors: ReadonlyMap<string, { readonly settings: PeerSettings; readonly protection: TcpProtection }>,
): readonly AdmittedPeer[] {
  const decided = [...ready.values()].flatMap(({ settings, md5Key }) =>
    admittedPeer(settings, protectionOf(settings, md5Key)),
  );
  const kept = [...undecided.keys()].flatMap((name) => {
    const neighbor = neighbors.get(name);
    return neighbor === undefined ? [] : admittedPeer(neighbor.settings, neighbor.protection);
  });
  return [...decided, ...kept];
}

function admittedPeer(settings: PeerSettings, protection: TcpProtection): readonly AdmittedPeer[] {
  const place = placeOf(settings);
  return place === undefined ? [] : [{ ...place, protection }];
}
