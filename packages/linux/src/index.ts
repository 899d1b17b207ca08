export * from './address/address-table.ts';
export * from './conntrack/conntrack-table.ts';
export * from './link/interface-monitor.ts';
export * from './neighbour/neighbour-table.ts';
export * from './nft/nft-transactor.ts';
export * from './route/route-table.ts';
export * from './sysctl/sysctls.ts';
