import { constants } from 'node:os';
import { FabricError } from '@slash32/shared';
import type { TcpCalls } from './tcp-calls.ts';

const { EADDRINUSE, EACCES, EAFNOSUPPORT } = constants.errno;

const CODES = new Map([
  [EADDRINUSE, 'tcp.port-in-use'],
  [EACCES, 'tcp.not-permitted'],
  [EAFNOSUPPORT, 'tcp.family-unsupported'],
]);

/** `details.errno` and `details.reason`, the kernel's words. */
export function tcpFailure(calls: TcpCalls, what: string, errno = calls.errno(), code = CODES.get(errno)): FabricError {
  const reason = calls.strerror(errno);
  return new FabricError(code ?? 'tcp.failed', `${what}: ${reason}`, { details: { errno, reason } });
}
