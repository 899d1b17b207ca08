/**
 * Route protocol numbers (the `proto` of `ip route`, rtm_protocol) that mark a route as ours, so that a restarted
 * daemon knows its own and leaves all others alone.
 */
export const ROUTE_PROTOCOL = {
  /** felix-agent: a /32 or /128 to an instance's tap. These are what bgp-speaker announces. */
  endpoint: 133,
  /** felix-agent: a gateway address as `local` route, so that the host answers for it. Never announced. */
  gateway: 134,
  /** bgp-speaker: learned from BGP peers. */
  learned: 135,
  /** bgp-speaker: the unused addresses of this host's address blocks, as `unreachable`. */
  block: 136,
} as const;

/** The nftables tables that are ours; every other table belongs to somebody else. */
export const NFT_TABLE_NAME = 'slash32';
/** The table of the boot-time fail-closed ruleset; the agent removes it once its own first apply is in. */
export const NFT_BOOT_TABLE_NAME = 'slash32-boot';
/** The table that marks packets for the kernel's tracing while somebody watches; the agent makes and removes it. */
export const NFT_TRACE_TABLE_NAME = 'slash32-trace';
