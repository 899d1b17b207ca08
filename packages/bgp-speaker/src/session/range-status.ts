import type { BgpNeighborStatus, BgpRangeStatus } from '@slash32/shared';
import type { PeerSettings } from '../peers/peer-settings.ts';
import { soleAsOf } from '../peers/remote-as.ts';
import { remoteAsFields } from './neighbor-status.ts';

/** What is known of a range beside its settings. */
export interface RangeFacts extends Pick<BgpRangeStatus, 'neighbors' | 'refused' | 'lastRefused'> {
  /** Set if an operator shut it down. */
  readonly shutReason?: string;
}

/** The status of a range that routers may call from: no session, but whatever one there would be of. */
export function rangeStatus(settings: PeerSettings, { shutReason, ...facts }: RangeFacts): BgpNeighborStatus {
  const { name, range, localAsNumber, importPolicies, exportPolicies } = settings;
  return {
    peer: name,
    address: range?.prefix ?? '',
    ...remoteAsFields(settings, soleAsOf(settings)),
    range: { ...facts, limit: range?.limit ?? 0 },
    localAsNumber,
    state: shutReason === undefined ? 'Active' : 'Idle',
    stateSeconds: 0,
    localCapabilities: [],
    remoteCapabilities: [],
    messages: { sent: {}, received: {} },
    prefixes: {},
    policies: { import: importPolicies.map(({ name: of }) => of), export: exportPolicies.map(({ name: of }) => of) },
    ...(shutReason === undefined ? {} : { held: { cause: 'shutdown', reason: shutReason } }),
  };
}
