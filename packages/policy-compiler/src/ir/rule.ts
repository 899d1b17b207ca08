import type { NftRule } from '@slash32/shared';
import { digest } from './digest.ts';

/**
 * Rules as data: rendered to nft text for the kernel, evaluated by the interpreter in tests. A field is named by its
 * nft expression.
 */
export type Field =
  | 'iifname'
  | 'oifname'
  | 'ether saddr'
  | 'meta nfproto'
  | 'meta l4proto'
  | 'ip saddr'
  /** In words of 4 octets: 5 without options. */
  | 'ip hdrlength'
  | 'ip daddr'
  | 'ip6 saddr'
  /** What follows the fixed header: a transport protocol, or an extension header. */
  | 'ip6 nexthdr'
  | 'ip6 daddr'
  | 'udp sport'
  | 'udp dport'
  | 'th dport'
  /** The first 16 bits of the transport header: for ICMP, type and code. */
  | 'th sport'
  /** Octets 8–23 of the transport header: the target of ND. */
  | '@th,64,128'
  | 'icmp type'
  | 'icmpv6 type'
  | 'ct state'
  | 'ct direction'
  | 'ct original protocol'
  | 'ct original ip saddr'
  | 'ct original ip daddr'
  | 'ct original ip6 saddr'
  | 'ct original ip6 daddr'
  | 'ct original proto-dst'
  | 'arp saddr ether'
  | 'arp saddr ip'
  | 'arp daddr ip';

export type Match =
  /** `FIELD . FIELD @set`: the values, together, are in a set. */
  | { readonly kind: 'lookup'; readonly fields: readonly Field[]; readonly set: string; readonly negated?: boolean }
  /** `FIELD VALUE` or `FIELD { VALUE, VALUE }`. */
  | { readonly kind: 'value'; readonly field: Field; readonly values: readonly string[]; readonly negated?: boolean }
  /** `ct mark and MASK == VALUE`. Without a flow it does not match, negated neither. */
  | { readonly kind: 'mark'; readonly mask: number; readonly value: number; readonly negated?: boolean }
  /** An IPv4 option or an IPv6 extension header that steers the packet is there. */
  | {
      readonly kind: 'source-routed';
      readonly header: 'ip option lsrr exists' | 'ip option ssrr exists' | 'exthdr rt exists';
    };

export type Statement =
  | { readonly kind: 'accept' | 'drop' | 'return' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  /** `FIELD vmap @map`: the verdict of the map's element; none: go on. */
  | { readonly kind: 'vmap'; readonly field: Field; readonly map: string }
  /** Sets the connection mark's bits `set`, after clearing all but `keep`. */
  | { readonly kind: 'mark'; readonly keep: number; readonly set: number }
  | { readonly kind: 'snat'; readonly address: string }
  /** To the kernel's log, or to a group of nflog; at most so many a second, with as many at once. */
  | { readonly kind: 'log'; readonly perSecond: number; readonly prefix: string; readonly nflogGroup?: number };

/** A rule with what it was made from. */
export interface CompiledRule extends NftRule {
  readonly matches: readonly Match[];
  readonly statements: readonly Statement[];
  /** The rule does what one with a lookup of `set` would, if `element` were all that is in it. */
  readonly insteadOf?: { readonly set: string; readonly element: string };
}

/** `keep` of a mark statement that clears nothing. */
export const ALL_BITS = 0xff_ff_ff_ff;

/** Comments may have 128 octets in the kernel, 120 by contract; the digest takes 12. */
const LONGEST_NOTE = 106;

/** `note`: for people, ASCII without quotes. */
export function rule(note: string, matches: readonly Match[], ...statements: readonly Statement[]): CompiledRule {
  const text = [...matches.map(renderMatch), ...statements.map(renderStatement)].join(' ');
  const shortNote = note.length <= LONGEST_NOTE ? note : `${note.slice(0, LONGEST_NOTE - 2)}..`;
  return { text, comment: `${shortNote} #${digest(text, 10)}`, matches, statements };
}

/** The rule was made here, not read back from a kernel. */
export function isCompiled(some: NftRule): some is CompiledRule {
  return 'matches' in some && 'statements' in some;
}

export const ACCEPT: Statement = { kind: 'accept' };
export const DROP: Statement = { kind: 'drop' };
export const RETURN: Statement = { kind: 'return' };

export function jump(chain: string): Statement {
  return { kind: 'jump', chain };
}

export function goto(chain: string): Statement {
  return { kind: 'goto', chain };
}

export function vmap(field: Field, map: string): Statement {
  return { kind: 'vmap', field, map };
}

export function inSet(fields: readonly Field[], set: string): Match {
  return { kind: 'lookup', fields, set };
}

export function notInSet(fields: readonly Field[], set: string): Match {
  return { kind: 'lookup', fields, set, negated: true };
}

export function is(field: Field, ...values: readonly string[]): Match {
  return { kind: 'value', field, values };
}

export function isNot(field: Field, ...values: readonly string[]): Match {
  return { kind: 'value', field, values, negated: true };
}

function renderMatch(match: Match): string {
  switch (match.kind) {
    case 'lookup':
      return `${match.fields.join(' . ')} ${match.negated === true ? '!= ' : ''}@${match.set}`;
    case 'value': {
      const [only, ...more] = match.values;
      const values = only !== undefined && more.length === 0 ? only : `{ ${match.values.join(', ')} }`;
      return `${match.field} ${match.negated === true ? '!= ' : ''}${values}`;
    }
    case 'mark':
      return `ct mark and ${hex(match.mask)} ${match.negated === true ? '!=' : '=='} ${hex(match.value)}`;
    case 'source-routed':
      return match.header;
  }
}

function renderStatement(statement: Statement): string {
  switch (statement.kind) {
    case 'accept':
    case 'drop':
    case 'return':
      return statement.kind;
    case 'jump':
    case 'goto':
      return `${statement.kind} ${statement.chain}`;
    case 'vmap':
      return `${statement.field} vmap @${statement.map}`;
    case 'mark': {
      const kept = statement.keep === ALL_BITS ? '' : ` and ${hex(statement.keep)}`;
      return `ct mark set ct mark${kept} or ${hex(statement.set)}`;
    }
    case 'log': {
      const { perSecond, prefix, nflogGroup } = statement;
      const where = nflogGroup === undefined ? 'level info' : `group ${nflogGroup}`;
      return `limit rate ${perSecond}/second burst ${perSecond} packets log prefix "${prefix}" ${where}`;
    }
    case 'snat':
      return `snat ip to ${statement.address}`;
  }
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
