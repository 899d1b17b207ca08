import type { ConnectionEnds } from '../observe/speaker-observer.ts';
import type { BgpConnection } from './transport.ts';

/** Both ends of a connection; addresses are empty while there is none. */
export function connectionEnds(
  connection: BgpConnection | undefined,
  initiator: ConnectionEnds['initiator'],
): ConnectionEnds {
  const { localAddress = '', remoteAddress = '', localPort, remotePort } = connection ?? {};
  return {
    localAddress,
    remoteAddress,
    ...(localPort === undefined ? {} : { localPort }),
    ...(remotePort === undefined ? {} : { remotePort }),
    initiator,
  };
}
