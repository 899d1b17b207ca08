import type { PeerType } from '../codec/index.ts';

/**
 * Which AS a router may be of: one of these, any but ours, or ours. Of `external` and a list, the one that it is comes
 * with its OPEN.
 */
export type RemoteAs = readonly number[] | 'external' | 'internal';

/** Both ends of a session, as far as they are configured. */
export interface SessionAs {
  readonly remoteAs: RemoteAs;
  /** What we are towards this router. */
  readonly localAsNumber: number;
}

/** A list with our own AS in it has no other: see {@link isMixed}. */
export function peerTypeOf({ remoteAs, localAsNumber }: SessionAs): PeerType {
  if (remoteAs === 'internal') return 'ibgp';
  return remoteAs !== 'external' && remoteAs.includes(localAsNumber) ? 'ibgp' : 'ebgp';
}

/** True if a list has our own AS number beside others: eBGP and iBGP differ in too much to be one session's settings. */
export function isMixed({ remoteAs, localAsNumber }: SessionAs): boolean {
  return typeof remoteAs !== 'string' && remoteAs.includes(localAsNumber) && new Set(remoteAs).size > 1;
}

export function acceptsAs({ remoteAs, localAsNumber }: SessionAs, asNumber: number): boolean {
  if (remoteAs === 'internal') return asNumber === localAsNumber;
  if (remoteAs === 'external') return asNumber !== localAsNumber;
  return remoteAs.includes(asNumber);
}

/** The AS number that the router must have; `undefined` if it may be one of several. */
export function soleAsOf({ remoteAs, localAsNumber }: SessionAs): number | undefined {
  if (remoteAs === 'internal') return localAsNumber;
  return remoteAs !== 'external' && remoteAs.length === 1 ? remoteAs[0] : undefined;
}

/** For people: `64901`, `64901 or 64902`, `external (any but our own 64601)`. */
export function remoteAsText({ remoteAs, localAsNumber }: SessionAs): string {
  if (remoteAs === 'internal') return `internal (our own ${localAsNumber})`;
  return remoteAs === 'external' ? `external (any but our own ${localAsNumber})` : remoteAs.join(' or ');
}
