import { OutgoingTcp } from '@slash32/linux';
import { TcpConnection } from './tcp-connection.ts';
import type { BgpConnection, ConnectionListener, ConnectTarget, Transport } from './transport.ts';

/** BGP over TCP sockets with the options that a peer's protection asks for. */
export class TcpTransport implements Transport {
  connect(target: ConnectTarget, listener: ConnectionListener): BgpConnection {
    const { address, port, localAddress, device, protection } = target;
    return TcpConnection.connect(
      () =>
        new OutgoingTcp({
          address,
          port,
          ...(localAddress === undefined ? {} : { localAddress }),
          ...(device === undefined ? {} : { device }),
          ...protection,
        }),
      address,
      listener,
    );
  }
}
