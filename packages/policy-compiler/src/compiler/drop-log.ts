import type { LogDrops, NftChain, NftRule, NftSet, NftTableId } from '@slash32/shared';
import { interfaceElement } from '../ir/element-text.ts';
import { type DropKind, dropLogChainName, NAMES } from '../ir/names.ts';
import { DROP, goto, inSet, is, rule, type Statement, vmap } from '../ir/rule.ts';
import type { EndpointElement } from './endpoint-elements.ts';
import { ARP_TABLE, INET_TABLE } from './tables.ts';

/**
 * What logs dropped packets: a map per kind of drop, which leads from a tap to a chain of that endpoint with the limit and
 * the words, and comes back; the drop follows. All of it is in the program only while some endpoint's drops are logged,
 * and is met only by packets that drop.
 *
 * Chains of lists end in `return` for such endpoints, and the drop is behind the map that led there. So the maps of logs
 * stand beside those of lists, not behind them: the kernel walks through all that an element may lead to.
 */

const KINDS: readonly { readonly table: NftTableId; readonly kind: DropKind }[] = [
  { table: INET_TABLE, kind: 'egress' },
  { table: INET_TABLE, kind: 'ingress' },
  { table: INET_TABLE, kind: 'guard' },
  { table: ARP_TABLE, kind: 'arp' },
];

/** For people, in the log's prefix. */
const WORDS: Readonly<Record<DropKind, string>> = {
  egress: 'egress',
  ingress: 'ingress',
  guard: 'guard',
  arp: 'ARP',
};

/** The kernel's limit is 127 octets, for all of the prefix. */
const LONGEST_NAME = 96;

export const DROP_LOG_SETS: readonly { readonly table: NftTableId; readonly set: Omit<NftSet, 'elements'> }[] =
  KINDS.map(({ table, kind }) => ({
    table,
    set: { name: NAMES.dropLog[kind], type: 'ifname', dataType: 'verdict', interval: false },
  }));

/** Of one endpoint. */
export function dropLogObjects(
  instance: string,
  tap: string,
  { perSecond, nflogGroup }: LogDrops,
): {
  readonly elements: EndpointElement[];
  readonly chains: { readonly table: NftTableId; readonly chain: NftChain }[];
} {
  return {
    elements: KINDS.map(({ table, kind }) => ({
      table,
      set: NAMES.dropLog[kind],
      key: interfaceElement(tap),
      data: `jump ${dropLogChainName(kind, instance)}`,
    })),
    chains: KINDS.map(({ table, kind }) => {
      const prefix = `slash32 drop ${shortened(instance)} ${WORDS[kind]}: `;
      const log: Statement = { kind: 'log', perSecond, prefix, ...(nflogGroup === undefined ? {} : { nflogGroup }) };
      return { table, chain: { name: dropLogChainName(kind, instance), rules: [rule('log', [], log)] } };
    }),
  };
}

/** Before the drop at an end that is judged by flow: `forth`, `back` as in {@link forwardChains}. */
export function flowLogRules(
  kind: 'egress' | 'ingress',
  forth: 'iifname' | 'oifname',
  back: 'iifname' | 'oifname',
): NftRule[] {
  return [
    rule('log if wanted', [is('ct direction', 'original')], vmap(forth, NAMES.dropLog[kind])),
    rule('log if wanted', [is('ct direction', 'reply')], vmap(back, NAMES.dropLog[kind])),
  ];
}

/** The same, judged by packet; whatever is judged by flow comes by, too. */
export function packetLogRule(kind: 'egress' | 'ingress', field: 'iifname' | 'oifname'): NftRule {
  return rule('log if wanted', [inSet([field], NAMES.stateless)], vmap(field, NAMES.dropLog[kind]));
}

/** How a packet drops that an instance may not send: with a look at the log, or without. */
export function guardDrop(withLog: boolean): Statement {
  return withLog ? goto(NAMES.loggedDrop) : DROP;
}

/** What {@link guardDrop} leads to. */
export function loggedDropChain(kind: 'guard' | 'arp'): NftChain {
  return {
    name: NAMES.loggedDrop,
    rules: [rule('log if wanted', [], vmap('iifname', NAMES.dropLog[kind])), rule('drop', [], DROP)],
  };
}

function shortened(name: string): string {
  return name.length <= LONGEST_NAME
    ? name
    : `${name.slice(0, LONGEST_NAME / 2 - 1)}..${name.slice(1 - LONGEST_NAME / 2)}`;
}
