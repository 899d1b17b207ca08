import {
  NFT_TRACE_TABLE_NAME,
  type NftChange,
  type NftRule,
  type NftTableId,
  type PacketTraceFilter,
} from '@slash32/shared';
import { filterHeader, filterMatches, ipHeader } from './packet-filter.ts';

export const TRACE_TABLE: NftTableId = `inet ${NFT_TRACE_TABLE_NAME}`;
/** Of one instance and direction; what the kernel tells about a packet is some 2,000 octets of text. */
export const TRACED_PER_SECOND = 50;
/** Before everything of ours (-300), and before a connection is looked up (-200). */
const PRIORITY = -350;

/** Whose packets are to be traced. */
export interface TraceTarget {
  /** `NAMESPACE/NAME`. */
  readonly instance: string;
  readonly interface: string;
  readonly addresses: readonly string[];
  /** Checked. */
  readonly filter: PacketTraceFilter;
}

/**
 * The table that marks packets of these targets for the kernel's tracing, made anew whatever there was before. It has no
 * verdicts, so it cannot change what becomes of a packet.
 */
export function traceTableChanges(targets: readonly TraceTarget[]): readonly NftChange[] {
  const chain = (name: 'prerouting' | 'output', rules: readonly NftRule[]): readonly NftChange[] => [
    {
      op: 'add-chain',
      table: TRACE_TABLE,
      chain: { name, hook: { type: 'filter', hook: name, priority: PRIORITY, policy: 'accept' } },
    },
    { op: 'set-rules', table: TRACE_TABLE, chain: name, rules },
  ];
  return [
    ...noTraceTable(),
    { op: 'add-table', table: TRACE_TABLE },
    ...chain(
      'prerouting',
      targets.flatMap((target) => [from(target), ...to(target)]),
    ),
    ...chain('output', targets.flatMap(to)),
  ];
}

/** Takes the table away; there may be none. */
export function noTraceTable(): readonly NftChange[] {
  return [
    { op: 'add-table', table: TRACE_TABLE },
    { op: 'delete-table', table: TRACE_TABLE },
  ];
}

function from(target: TraceTarget): NftRule {
  return mark(`iifname "${target.interface}"`, target, 'from');
}

/** By address, since the interface that a packet leaves by is not known yet. nft refuses rules of two families. */
function to(target: TraceTarget): NftRule[] {
  const wanted = filterHeader(target.filter);
  return (['ip', 'ip6'] as const).flatMap((header) => {
    if (wanted !== undefined && header !== wanted) return [];
    const addresses = target.addresses.filter((address) => ipHeader(address) === header);
    return addresses.length === 0 ? [] : [mark(`${header} daddr { ${addresses.join(', ')} }`, target, 'to')];
  });
}

function mark(match: string, { filter, instance }: TraceTarget, way: 'from' | 'to'): NftRule {
  const limit = `limit rate ${TRACED_PER_SECOND}/second burst ${TRACED_PER_SECOND} packets`;
  return {
    text: `${match}${filterMatches(filter)} ${limit} meta nftrace set 1`,
    comment: `${way} ${instance}`.slice(0, 120),
  };
}
