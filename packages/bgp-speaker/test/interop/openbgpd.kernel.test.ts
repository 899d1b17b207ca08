import { OpenbgpdRouter } from '../lab/openbgpd-router.ts';
import { describeRouter } from './router-suite.ts';

// For the family that is not the session's it announces ::1 or 127.0.0.1 as next hop, which we must refuse.
describeRouter({
  name: 'openbgpd',
  create: OpenbgpdRouter.create,
  keepsRoutesOfRestartingPeer: true,
  asksForRefresh: true,
  knowsOtherNextHop: false,
});
