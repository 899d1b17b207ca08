import { NFT_BOOT_TABLE_NAME, NFT_TABLE_NAME, type NftTableId } from '@slash32/shared';

export const INET_TABLE: NftTableId = `inet ${NFT_TABLE_NAME}`;
export const ARP_TABLE: NftTableId = `arp ${NFT_TABLE_NAME}`;
export const INET_BOOT_TABLE: NftTableId = `inet ${NFT_BOOT_TABLE_NAME}`;
export const ARP_BOOT_TABLE: NftTableId = `arp ${NFT_BOOT_TABLE_NAME}`;

/** The tables that the compiler owns. */
export const POLICY_TABLES: readonly NftTableId[] = [INET_TABLE, ARP_TABLE];
