import type { BgpFamily } from '@slash32/shared';
import type { PathAttributes } from '../attributes/path-attributes.ts';
import type { NlriBlock, ReachableNlri } from '../nlri/nlri-block.ts';
import type { NotificationMessage } from './notification.ts';

/** RFC 7606 section 2, weakest first. The strongest of a message's errors is its action. */
export const UPDATE_ERROR_ACTIONS = [
  'attribute-discard',
  'treat-as-withdraw',
  'disable-family',
  'session-reset',
] as const;
export type UpdateErrorAction = (typeof UPDATE_ERROR_ACTIONS)[number];

export interface UpdateError {
  readonly action: UpdateErrorAction;
  /** Name of the attribute as in its RFC (`AS_PATH`), or `UPDATE`, `Withdrawn Routes`, `NLRI` for what is outside of attributes. */
  readonly attribute: string;
  /** For people; names what was wrong. */
  readonly reason: string;
  /** `disable-family`: the family, if this speaker knows it. */
  readonly family?: BgpFamily;
  /** What to send if the session is reset for it. */
  readonly notification: NotificationMessage;
}

/**
 * An UPDATE, errors dealt with as RFC 7606 says: `withdrawn` holds the withdrawn prefixes and those of routes that
 * are treated as withdrawn, `reachable` only routes to be used. A consumer that looks at `withdrawn`, then `reachable`,
 * and at `action` is safe.
 */
export interface DecodedUpdate {
  /** To be applied before `reachable`. */
  readonly withdrawn: readonly NlriBlock[];
  readonly reachable: readonly ReachableNlri[];
  /** Of all `reachable`; meaningful only if there are any. AS4_PATH is merged in (RFC 6793). */
  readonly attributes: PathAttributes;
  /** Set if the message is the End-of-RIB marker of this family (RFC 4724 section 2). */
  readonly endOfRib?: BgpFamily;
  /** All that was wrong, in the order found. */
  readonly errors: readonly UpdateError[];
  /** The strongest of `errors`; absent: the message is sound. `session-reset`: both route lists are empty. */
  readonly action?: UpdateErrorAction;
  /** With `action` `session-reset` or `disable-family`: the NOTIFICATION to send if the session is closed for it. */
  readonly notification?: NotificationMessage;
}
