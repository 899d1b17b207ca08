import type { PrefixKey } from '../codec/index.ts';
import { LOCAL_PATH } from '../rib/path.ts';
import type { Speaker } from './speaker.ts';

/** Why a local route is what it is, with whom it is not sent to, and why not; peers without session say nothing. */
export function localReason(speaker: Speaker, key: PrefixKey, why: string): string {
  const peersByReason = new Map<string, string[]>();
  for (const [name, { sent }] of speaker.neighbors) {
    const verdict = sent.explain(key, LOCAL_PATH);
    if (verdict === undefined || verdict.accepted) continue;
    const peers = peersByReason.get(verdict.decidedBy) ?? [];
    peersByReason.set(verdict.decidedBy, peers);
    peers.push(name);
  }
  return [
    speaker.blocks.has(key) ? `${why} (address block of this host)` : why,
    ...[...peersByReason].map(([reason, peers]) => `not sent to ${peers.join(', ')}: ${reason}`),
  ].join('; ');
}
