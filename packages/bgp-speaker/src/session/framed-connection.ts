import { type DecodeResult, type Frame, MessageFramer } from '../codec/index.ts';
import type { ConnectionEnds } from '../observe/speaker-observer.ts';
import type { BgpConnection, ConnectionListener } from './transport.ts';

/** What happens to the connection that there is; nothing is heard of former ones. */
export interface FramedConnectionListener {
  onConnected(): void;
  /** A message whose header is good, or what is wrong with the header; after that, nothing more comes. */
  onFrame(frame: DecodeResult<Frame>): void;
  /** The socket has taken octets. */
  onWritten(): void;
  onClosed(reason: string): void;
}

/** One TCP connection at a time, cut into messages. */
export class FramedConnection {
  readonly #listener: FramedConnectionListener;
  #connection: BgpConnection | undefined;
  #initiator: ConnectionEnds['initiator'] = 'local';
  /** Of the connection that there is; another one marks another connection. */
  #framer = new MessageFramer();

  constructor(listener: FramedConnectionListener) {
    this.#listener = listener;
  }

  get exists(): boolean {
    return this.#connection !== undefined;
  }

  get bufferedOctets(): number {
    return this.#connection?.bufferedOctets ?? 0;
  }

  /** Addresses are empty while there is no connection. */
  get ends(): ConnectionEnds {
    const { localAddress = '', remoteAddress = '', localPort, remotePort } = this.#connection ?? {};
    return {
      localAddress,
      remoteAddress,
      ...(localPort === undefined ? {} : { localPort }),
      ...(remotePort === undefined ? {} : { remotePort }),
      initiator: this.#initiator,
    };
  }

  /** Set once both sides have said so (RFC 8654). */
  set extendedMessages(extendedMessages: boolean) {
    this.#framer.extendedMessages = extendedMessages;
  }

  /** Takes the place of the connection that there is, which is closed. */
  open(initiator: ConnectionEnds['initiator'], begin: (listener: ConnectionListener) => BgpConnection): void {
    this.drop();
    this.#initiator = initiator;
    this.#connection = begin(this.#listen(this.#framer));
  }

  write(octets: Uint8Array): void {
    this.#connection?.write(octets);
  }

  /** Closes it; `abort`: throws away what the peer has not read (RST). */
  drop({ abort } = { abort: false }): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#framer = new MessageFramer();
    if (abort) connection?.abort();
    else connection?.close();
  }

  #listen(framer: MessageFramer): ConnectionListener {
    const isCurrent = () => this.#framer === framer;
    return {
      onConnected: () => {
        if (isCurrent()) this.#listener.onConnected();
      },
      onData: (chunk) => {
        framer.push(chunk);
        while (isCurrent()) {
          const frame = framer.next();
          if (frame === undefined) return;
          this.#listener.onFrame(frame);
          if (!frame.ok) return;
        }
      },
      onWritten: () => {
        if (isCurrent()) this.#listener.onWritten();
      },
      onClosed: (reason) => {
        if (!isCurrent()) return;
        this.#connection = undefined;
        this.#listener.onClosed(reason);
      },
    };
  }
}
