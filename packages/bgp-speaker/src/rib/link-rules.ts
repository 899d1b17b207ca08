import type { PrefixKey } from '../codec/index.ts';

/** Prefixes that the host's own links must go on reaching by themselves, whatever routers announce. */
export interface LinkRules {
  /** Why a learned route to this prefix would take a link from a session; `undefined`: it would not. */
  faultOf(key: PrefixKey): string | undefined;
  /** The same, of prefixes that contain a next hop; those that {@link faultOf} has a fault of may be missing. */
  faultsAround(nextHop: string): ReadonlyMap<PrefixKey, string>;
}

const NO_FAULTS: ReadonlyMap<PrefixKey, string> = new Map();

/** Of a speaker that knows of no links. */
export const NO_LINK_RULES: LinkRules = { faultOf: () => undefined, faultsAround: () => NO_FAULTS };
