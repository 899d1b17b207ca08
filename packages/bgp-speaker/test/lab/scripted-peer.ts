import {
  type BgpMessage,
  type Capability,
  type CodecContext,
  decodeMessage,
  decodeOpen,
  encodeKeepalive,
  encodeOpen,
  FAMILY_PARAMETERS,
  type Frame,
  initialContext,
  MessageFramer,
  type NotificationMessage,
  negotiate,
  type OpenMessage,
  type PeerType,
} from '../../src/codec/index.ts';
import { HEADER_LENGTH } from '../../src/codec/messages/header.ts';
import type { BgpConnection, Transport } from '../../src/session/transport.ts';

export interface ScriptedPeerSettings {
  readonly transport: Transport;
  /** The speaker to call. */
  readonly address: string;
  readonly asNumber: number;
  readonly routerId: string;
  readonly peerType: PeerType;
  readonly capabilities: readonly Capability[];
  /** 0 (default): no keepalives are due. */
  readonly holdTimeSeconds?: number;
}

/** The other end of a session: says what it is told to, octet by octet, and keeps what it hears. */
export class ScriptedPeer {
  readonly #settings: ScriptedPeerSettings;
  readonly #framer = new MessageFramer();
  #connection: BgpConnection | undefined;
  #context: CodecContext;
  readonly #received: BgpMessage[] = [];
  readonly #frames: Frame[] = [];
  #closed: string | undefined;
  #open: OpenMessage;
  #heardOpen: OpenMessage | undefined;

  constructor(settings: ScriptedPeerSettings) {
    this.#settings = settings;
    this.#context = initialContext(settings.peerType);
    const { asNumber, routerId, capabilities, holdTimeSeconds = 0 } = settings;
    const myAs = asNumber > 0xffff ? 23_456 : asNumber;
    this.#open = { version: 4, myAs, holdTimeSeconds, routerId, capabilities };
  }

  /** Calls the speaker; nothing is said yet. */
  connect(): void {
    const { transport, address } = this.#settings;
    this.#connection = transport.connect(
      { address, port: 179 },
      {
        onConnected: () => undefined,
        onData: (chunk) => this.#take(chunk),
        onWritten: () => undefined,
        onClosed: (reason) => {
          this.#closed = reason;
        },
      },
    );
  }

  send(octets: Uint8Array): void {
    this.#connection?.write(octets);
  }

  /** Its own OPEN, or other octets in place of it; if these can be read, the session is what they agree on. */
  sendOpen(octets: Uint8Array = encodeOpen(this.#open)): void {
    const open = octets.length > HEADER_LENGTH ? decodeOpen(octets) : undefined;
    if (open?.ok === true) this.#open = open.value;
    this.#negotiate();
    this.send(octets);
  }

  sendKeepalive(): void {
    this.send(encodeKeepalive());
  }

  close(): void {
    this.#connection?.close();
  }

  /** Everything heard, in order. */
  get received(): readonly BgpMessage[] {
    return this.#received;
  }

  get frames(): readonly Frame[] {
    return this.#frames;
  }

  get notification(): NotificationMessage | undefined {
    const found = this.#received.find(({ type }) => type === 'notification');
    return found?.type === 'notification' ? found.notification : undefined;
  }

  /** Why the connection ended; absent: it is open. */
  get closed(): string | undefined {
    return this.#closed;
  }

  /** As negotiated once the speaker's OPEN is here. */
  get context(): CodecContext {
    return this.#context;
  }

  #negotiate(): void {
    if (this.#heardOpen === undefined) return;
    this.#context = negotiate(this.#open, this.#heardOpen, this.#settings.peerType);
    this.#framer.extendedMessages = this.#context.extendedMessages;
  }

  #take(chunk: Uint8Array): void {
    this.#framer.push(chunk.slice());
    for (let frame = this.#framer.next(); frame !== undefined; frame = this.#framer.next()) {
      if (!frame.ok) throw new Error(`the speaker sent what is no message: ${frame.reason}`);
      const message = decodeMessage(frame.value, this.#context);
      if (!message.ok) throw new Error(`the speaker sent a malformed message: ${message.reason}`);
      if (message.value.type === 'open') {
        this.#heardOpen = message.value.open;
        this.#negotiate();
      }
      if (message.value.type === 'update' && message.value.update.errors.length > 0) {
        throw new Error(`the speaker sent a bad UPDATE: ${message.value.update.errors[0]?.reason}`);
      }
      this.#frames.push({ type: frame.value.type, octets: frame.value.octets.slice() });
      this.#received.push(message.value);
    }
  }
}

/** What most speakers of today offer, for these families. */
export function usualCapabilities(
  families: readonly (keyof typeof FAMILY_PARAMETERS)[],
  asNumber?: number,
): Capability[] {
  return [
    ...families.map((family) => ({ kind: 'multiprotocol' as const, ...FAMILY_PARAMETERS[family], family })),
    { kind: 'route-refresh' },
    ...(asNumber === undefined ? [] : [{ kind: 'four-octet-as' as const, asNumber }]),
  ];
}
