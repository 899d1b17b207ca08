import type { NftChain, NftRuleset, NftTable, NftTableId } from '@slash32/shared';
import { DROP, rule } from '../ir/rule.ts';
import { ARP_BOOT_TABLE, INET_BOOT_TABLE } from './tables.ts';
import { TapMatch } from './tap-match.ts';

/**
 * Tables `inet slash32-boot` and `arp slash32-boot`: nothing passes from or to interfaces with these prefixes. Holds
 * until the agent's first apply is in the kernel.
 */
export function bootRuleset(interfacePrefixes: readonly string[]): NftRuleset {
  const taps = new TapMatch(interfacePrefixes);
  const fromTap = rule('closed until the agent is up', [taps.is('iifname')], DROP);
  const toTap = rule('closed until the agent is up', [taps.is('oifname')], DROP);
  const chain = (
    hook: 'prerouting' | 'input' | 'forward' | 'output',
    priority: number,
    ...rules: NftChain['rules']
  ): NftChain => ({
    name: hook,
    hook: { type: 'filter', hook, priority, policy: 'accept' },
    rules,
  });
  return new Map<NftTableId, NftTable>([
    tableOf(INET_BOOT_TABLE, [
      chain('prerouting', -310, fromTap),
      chain('forward', -10, fromTap, toTap),
      chain('output', -10, toTap),
    ]),
    tableOf(ARP_BOOT_TABLE, [chain('input', -10, fromTap)]),
  ]);
}

function tableOf(id: NftTableId, chains: readonly NftChain[]): [NftTableId, NftTable] {
  return [id, { id, sets: new Map(), chains: new Map(chains.map((chain) => [chain.name, chain])) }];
}
