import { ipv4PrefixKey, type PrefixKey } from '../../src/codec/index.ts';
import type { SoakScale } from './soak-peers-messages.ts';

export const SPEAKER_ADDRESS = '10.99.0.1';
export const SPEAKER_AS = 64_601;
/** 10.112.0.0: routes of one peer alone. 10.111.0.0: of a group of peers, so that they have several next hops. */
const OWN_START = 0x0a70_0000;
const SHARED_START = 0x0a6f_0000;
/** 203.0.113.0 would be too small: 10.110.0.0. */
const LOCAL_START = 0x0a6e_0000;
const GROUP_SIZE = 10;
/** Of ten routes of a peer, so many are those of its group. */
const SHARED_OF_TEN = 1;

export function peerAddress(index: number): string {
  return `10.99.1.${index + 1}`;
}

export function peerAsNumber(index: number): number {
  return 65_100 + index;
}

/** The routes of a peer: most are its own, one in ten it has in common with nine others. */
export function peerRoutes(index: number, { routesPerPeer }: SoakScale): PrefixKey[] {
  const shared = Math.floor((routesPerPeer * SHARED_OF_TEN) / 10);
  const own = routesPerPeer - shared;
  const group = Math.floor(index / GROUP_SIZE);
  return [...hosts(SHARED_START + group * shared, shared), ...hosts(OWN_START + index * own, own)];
}

/** Different prefixes of all peers. */
export function learnedRoutes({ peers, routesPerPeer }: SoakScale): number {
  const shared = Math.floor((routesPerPeer * SHARED_OF_TEN) / 10);
  return peers * (routesPerPeer - shared) + Math.ceil(peers / GROUP_SIZE) * shared;
}

export function localRoutes({ localRoutes: count }: SoakScale): PrefixKey[] {
  return hosts(LOCAL_START, count);
}

function hosts(start: number, count: number): PrefixKey[] {
  return Array.from({ length: count }, (_, index) => ipv4PrefixKey(start + index, 32));
}

/** mulberry32: the same numbers in [0, 1) for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
