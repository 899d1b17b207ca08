import { OpenbgpdRouter } from '../lab/openbgpd-router.ts';
import { NEEDS_OTHER_USERS, rootIsTheOnlyUser } from '../lab/unprivileged.ts';
import { describeRouter } from './router-suite.ts';

// For the family that is not the session's it announces ::1 or 127.0.0.1 as next hop, which we must refuse.
describeRouter({
  name: 'openbgpd',
  create: OpenbgpdRouter.create,
  keepsRoutesOfRestartingPeer: true,
  asksForRefresh: true,
  knowsOtherNextHop: false,
  ...(rootIsTheOnlyUser() && { skipped: NEEDS_OTHER_USERS }),
});
