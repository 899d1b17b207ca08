import { GobgpRouter } from '../lab/gobgp-router.ts';
import { describeRouter } from './router-suite.ts';

// Its "softresetin" reads its own Adj-RIB-In again and sends nothing.
describeRouter({
  name: 'gobgp',
  create: GobgpRouter.create,
  keepsRoutesOfRestartingPeer: true,
  asksForRefresh: false,
  knowsOtherNextHop: true,
});
