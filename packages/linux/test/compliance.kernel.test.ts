import { describe } from 'vitest';
import { linuxWorld } from './kernel-world.ts';
import { networkCompliance } from './network-compliance.ts';
import { nftCompliance } from './nft-compliance.ts';
import { routeCompliance } from './route-compliance.ts';

describe('Linux', () => {
  nftCompliance(linuxWorld);
  routeCompliance(linuxWorld);
  networkCompliance(linuxWorld);
});
