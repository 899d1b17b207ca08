import { FabricError } from '@slash32/shared';
import type { Libc } from './libc.ts';
import type { Acknowledgement } from './netlink-message.ts';

/** What a system call or a request came to, in the words that people know from `ip`. */
export function reasonOf(libc: Libc, { errno, message }: Acknowledgement): string {
  return message === undefined || message === '' ? libc.errorText(errno) : message.replace(/\.$/, '');
}

/** `netlink.failed`: what is meant to work did not, and what it did is unknown. */
export function netlinkFailed(what: string, reason: string, errno?: number): FabricError {
  return new FabricError(
    'netlink.failed',
    `${what} through netlink failed: ${reason}; list again, and see that this process has CAP_NET_ADMIN and memory`,
    { details: { what, reason, ...(errno === undefined ? {} : { errno }) } },
  );
}
