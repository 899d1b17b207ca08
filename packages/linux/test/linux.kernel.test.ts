import { describe } from 'vitest';
import { elementsSuite } from './elements-suite.ts';
import { linuxWorld } from './kernel-world.ts';
import { linkExactnessSuite } from './link-exactness-suite.ts';
import { netlinkLatencySuite } from './netlink-latency-suite.ts';
import { networkCompliance } from './network-compliance.ts';
import { networkRobustnessSuite } from './network-robustness-suite.ts';
import { nftCompliance } from './nft-compliance.ts';
import { nftLatencySuite } from './nft-latency-suite.ts';
import { nftRobustnessSuite } from './nft-robustness-suite.ts';
import { routeCompliance } from './route-compliance.ts';
import { routeExactnessSuite } from './route-exactness-suite.ts';

// One file, because all of it happens in one network namespace and files run at the same time.
describe('Linux', () => {
  nftCompliance(linuxWorld);
  routeCompliance(linuxWorld);
  routeExactnessSuite();
  linkExactnessSuite();
  networkCompliance(linuxWorld);
  elementsSuite();
  nftRobustnessSuite();
  networkRobustnessSuite();
  nftLatencySuite();
  netlinkLatencySuite();
});
