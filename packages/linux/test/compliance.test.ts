import { describe } from 'vitest';
import { fakeWorld } from './kernel-world.ts';
import { networkCompliance } from './network-compliance.ts';
import { nftCompliance } from './nft-compliance.ts';
import { routeCompliance } from './route-compliance.ts';

describe('FakeKernel', () => {
  nftCompliance(fakeWorld);
  routeCompliance(fakeWorld);
  networkCompliance(fakeWorld);
});
