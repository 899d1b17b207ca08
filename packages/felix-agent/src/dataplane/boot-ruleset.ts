import type { NftTransactor } from '@slash32/linux';
import { type Logger, NFT_BOOT_TABLE_NAME, type NftTableId } from '@slash32/shared';

export const BOOT_TABLES: readonly NftTableId[] = [`inet ${NFT_BOOT_TABLE_NAME}`, `arp ${NFT_BOOT_TABLE_NAME}`];

/** The agent's own program holds the line now; the one from before the network came up is taken away, if it is there. */
export async function removeBootRuleset(nft: NftTransactor, logger: Logger): Promise<void> {
  const present = await nft.list(BOOT_TABLES);
  if (present.size === 0) return;
  await nft.apply([...present.keys()].map((table) => ({ op: 'delete-table', table })));
  logger.info('boot-time ruleset removed; the compiled program is in force');
}
