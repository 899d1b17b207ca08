import { tcpCalls } from './tcp-calls.ts';

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/**
 * Gives octets to the kernel at once, past node's socket on the same descriptor, whose own queue must be empty. Returns
 * how many were taken; 0 also if something is wrong with the connection, which the socket's next write will tell.
 */
export function sendNow(descriptor: number, octets: Uint8Array): number {
  return Math.max(0, tcpCalls().send(descriptor, octets, octets.length, MSG_DONTWAIT | MSG_NOSIGNAL));
}
