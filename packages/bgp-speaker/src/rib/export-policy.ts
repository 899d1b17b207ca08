import type { BgpFamily } from '@slash32/shared';
import type { NextHop, PeerType } from '../codec/index.ts';
import type { ExportRoute } from './adj-rib-out.ts';
import { DEFAULT_LOCAL_PREF } from './decision-process.ts';

export interface ExportSettings {
  readonly peerType: PeerType;
  readonly localAsNumber: number;
  /** This host's address on the link to the peer, per family; a family without one is not exported. */
  readonly nextHops: Readonly<Partial<Record<BgpFamily, NextHop>>>;
}

/**
 * The built-in export policy: local instance routes and nothing else, with this host as next hop. A learned route is
 * never passed on: a host is no transit. Returns what every local route of the family is announced with.
 */
export function exportRoute(family: BgpFamily, settings: ExportSettings): ExportRoute | undefined {
  const nextHop = settings.nextHops[family];
  if (nextHop === undefined) return undefined;
  if (settings.peerType === 'ibgp') {
    return { attributes: { origin: 'igp', asPath: [], localPref: DEFAULT_LOCAL_PREF }, nextHop };
  }
  return {
    attributes: { origin: 'igp', asPath: [{ type: 'sequence', asNumbers: [settings.localAsNumber] }] },
    nextHop,
  };
}
