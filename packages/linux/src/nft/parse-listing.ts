import type { NftChain, NftElementCounter, NftRule, NftSet, NftTable, NftTableId } from '@slash32/shared';
import { parseElement, parseElementCounter } from './parse-element.ts';

interface JsonSet {
  readonly name: string;
  readonly type: string | readonly string[];
  readonly map?: string | readonly string[];
  readonly flags?: readonly string[];
  readonly elem?: readonly unknown[];
  /** What each element does: `[{"counter": null}]`. */
  readonly stmt?: readonly object[];
}

interface JsonChain {
  readonly name: string;
  readonly type?: string;
  readonly hook?: string;
  readonly prio?: number;
  readonly policy?: string;
}

interface JsonRule {
  readonly chain: string;
  readonly comment?: string;
  readonly expr: unknown;
}

interface JsonObject {
  readonly set?: JsonSet;
  readonly map?: JsonSet;
  readonly chain?: JsonChain;
  readonly rule?: JsonRule;
}

/**
 * Reads what `nft -jnn list table` printed.
 *
 * - A rule that we wrote is known by its comment; its `text` is '' here, since nft spells rules in its own way. A rule
 *   without a comment of ours has its JSON as `text`, and no comment or a foreign one, so that it equals none of ours.
 * - A set with flags or statements that {@link NftSet} has no word for (`timeout`, `dynamic`, `limit`) gets them appended
 *   to its type, so that it equals none of ours either.
 */
export function parseTableListing(json: string, id: NftTableId): NftTable {
  const { nftables } = JSON.parse(json) as { readonly nftables: readonly JsonObject[] };
  const sets = new Map<string, NftSet>();
  const chains = new Map<string, NftChain & { readonly rules: NftRule[] }>();
  for (const object of nftables) {
    const set = object.set ?? object.map;
    if (set !== undefined) sets.set(set.name, readSet(set));
    if (object.chain !== undefined) chains.set(object.chain.name, readChain(object.chain));
    if (object.rule !== undefined) chains.get(object.rule.chain)?.rules.push(readRule(object.rule));
  }
  return { id, sets, chains };
}

/** Reads what `nft -jnn list set` printed: element key → what it counted. Empty: the set's elements do not count. */
export function parseSetCounters(json: string): Map<string, NftElementCounter> {
  const { nftables } = JSON.parse(json) as { readonly nftables: readonly JsonObject[] };
  const counters = new Map<string, NftElementCounter>();
  for (const { set } of nftables) {
    for (const element of set?.elem ?? []) {
      const entry = parseElementCounter(element, joinTypes(set?.type ?? []));
      if (entry !== undefined) counters.set(...entry);
    }
  }
  return counters;
}

/**
 * True if `nft list table` says that the table is dormant: none of its rules is in force. Such a table counts as absent,
 * and adding it wakes it. nft's JSON does not have the flag.
 */
export function isDormant(listing: string): boolean {
  return /^\tflags (?:\w+,)*dormant\b/m.test(listing);
}

function readSet(set: JsonSet): NftSet {
  const type = joinTypes(set.type);
  const flags = set.flags ?? [];
  const statements = (set.stmt ?? []).flatMap(Object.keys);
  const foreign = [
    ...flags.filter((flag) => flag !== 'interval'),
    ...statements.filter((statement) => statement !== 'counter'),
  ];
  const dataType = set.map === undefined ? undefined : joinTypes(set.map);
  const elements = new Map<string, string>();
  for (const element of set.elem ?? []) {
    const [key, data] = parseElement(element, type, dataType);
    elements.set(key, data);
  }
  return {
    name: set.name,
    type: foreign.length === 0 ? type : `${type} flags ${foreign.join(',')}`,
    ...(dataType === undefined ? {} : { dataType }),
    interval: flags.includes('interval'),
    ...(statements.includes('counter') ? { counted: true } : {}),
    elements,
  };
}

function joinTypes(types: string | readonly string[]): string {
  return typeof types === 'string' ? types : types.join(' . ');
}

function readChain(chain: JsonChain): NftChain & { readonly rules: NftRule[] } {
  const hook = readHook(chain);
  return { name: chain.name, ...(hook === undefined ? {} : { hook }), rules: [] };
}

const CHAIN_TYPES = ['filter', 'nat', 'route'] as const;
const CHAIN_HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting'] as const;

function readHook({ type, hook, prio, policy }: JsonChain): NftChain['hook'] {
  const knownType = CHAIN_TYPES.find((known) => known === type);
  const knownHook = CHAIN_HOOKS.find((known) => known === hook);
  if (knownType === undefined || knownHook === undefined || prio === undefined) return undefined;
  return { type: knownType, hook: knownHook, priority: prio, policy: policy === 'drop' ? 'drop' : 'accept' };
}

function readRule({ comment = '', expr }: JsonRule): NftRule {
  return { text: / #\S+$/.test(comment) ? '' : JSON.stringify(expr), comment };
}
