import { matchPeer, type PeerPlace } from './peer-match.ts';
import type { PeerPlan } from './peer-plan.ts';
import { dynamicSettings, isRange, type PeerSettings } from './peer-settings.ts';
import type { PeerReadiness, ReadyPeer, WaitingPeer } from './ready-peers.ts';

/** Routers that called from ranges: name of the dynamic neighbour → its address. */
export type RangeCallers = ReadonlyMap<string, string>;

/** Plan and readiness of what has sessions: dynamic neighbours in place of the ranges. */
export interface SessionPlan {
  readonly plan: PeerPlan;
  readonly readiness: PeerReadiness;
}

/**
 * Puts in place of each range the routers that called from it. One that the range has no longer, or that a BGPPeer with
 * its address or a longer range takes away, is in neither result; one whose range waits is planned, and not ready.
 */
export function withCallers(plan: PeerPlan, readiness: PeerReadiness, callers: RangeCallers): SessionPlan {
  const places = [...plan.peers.values()].flatMap((settings) => placeOf(settings) ?? []);
  const peers = new Map([...plan.peers].filter(([, settings]) => !isRange(settings)));
  const ready = new Map([...readiness.ready].filter(([, { settings }]) => !isRange(settings)));
  const undecided = new Map<string, WaitingPeer>(readiness.undecided);
  for (const [name, address] of callers) {
    const rangeName = matchPeer(places, address, undefined)?.name;
    const planned = rangeName === undefined ? undefined : plan.peers.get(rangeName);
    if (rangeName === undefined || planned === undefined || !isRange(planned)) continue;
    const settings = dynamicSettings(planned, address);
    if (settings.name !== name) continue;
    peers.set(name, settings);
    const rangeReady = readiness.ready.get(rangeName);
    const waits = readiness.undecided.get(rangeName);
    if (rangeReady !== undefined) ready.set(name, dynamicPeer(rangeReady, address));
    if (waits !== undefined) undecided.set(name, { ...waits, settings });
  }
  return { plan: { ...plan, peers }, readiness: { ...readiness, ready, undecided } };
}

/** Where a planned peer's connections come from; `undefined` for an unnumbered one whose router is not known. */
export function placeOf({
  name,
  address,
  interface: device,
  range,
  bgpPeer,
}: PeerSettings): (PeerPlace & { readonly name: string }) | undefined {
  if (range !== undefined && bgpPeer === undefined) {
    const [first = '', length] = range.prefix.split('/');
    return { name, address: first, prefixLength: Number(length) };
  }
  if (address === '') return undefined;
  return { name, address, ...(device === undefined ? {} : { device }) };
}

function dynamicPeer({ settings, md5Key }: ReadyPeer, address: string): ReadyPeer {
  return { settings: dynamicSettings(settings, address), ...(md5Key === undefined ? {} : { md5Key }) };
}
