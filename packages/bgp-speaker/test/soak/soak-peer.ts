import { connect, type Socket } from 'node:net';
import {
  type CodecContext,
  decodeUpdate,
  encodeEndOfRib,
  encodeKeepalive,
  encodeOpen,
  MESSAGE_TYPE,
  MessageFramer,
  negotiate,
  type OpenMessage,
  type PrefixKey,
  packUpdates,
  packWithdrawals,
} from '../../src/codec/index.ts';
import { decodeOpen } from '../../src/codec/messages/open-codec.ts';

const FAMILY = 'ipv4-unicast';
const HOLD_TIME_SECONDS = 90;
const KEEPALIVE_MS = 20_000;

export interface SoakPeerSettings {
  readonly address: string;
  readonly asNumber: number;
  readonly speakerAddress: string;
  readonly port: number;
  /** Its routes outlive its session for so long; 0: it does not offer graceful restart. */
  readonly restartTimeSeconds: number;
}

/** A router that knows no timers and no errors: it calls, announces its routes, keeps what it is told, and misbehaves on request. */
export class SoakPeer {
  readonly settings: SoakPeerSettings;
  /** What it has been told, in the present session. */
  readonly told = new Set<PrefixKey>();
  /** Why sessions ended that it did not end itself. */
  readonly unexpected: string[] = [];
  readonly #open: OpenMessage;
  #routes: readonly PrefixKey[];
  #med = 0;
  #socket: Socket | undefined;
  #context: CodecContext | undefined;
  #calling = false;

  constructor(settings: SoakPeerSettings, routes: readonly PrefixKey[]) {
    this.settings = settings;
    this.#routes = routes;
    const afiSafi = { afi: 1, safi: 1, family: FAMILY } as const;
    const { asNumber, address, restartTimeSeconds } = settings;
    this.#open = {
      version: 4,
      myAs: asNumber,
      holdTimeSeconds: HOLD_TIME_SECONDS,
      routerId: address,
      capabilities: [
        { kind: 'multiprotocol', ...afiSafi },
        { kind: 'four-octet-as', asNumber },
        ...(restartTimeSeconds === 0
          ? []
          : [
              {
                kind: 'graceful-restart' as const,
                restarting: false,
                notification: false,
                restartTimeSeconds,
                families: [{ ...afiSafi, forwardingPreserved: true }],
              },
            ]),
      ],
    };
  }

  get isUp(): boolean {
    return this.#context !== undefined;
  }

  /** Calls, and again until it is answered; then announces all routes. */
  call(): void {
    this.#calling = true;
    const { speakerAddress: host, port, address: localAddress } = this.settings;
    const socket = connect({ host, port, localAddress, noDelay: true });
    this.#socket = socket;
    const framer = new MessageFramer();
    const keepalive = setInterval(() => socket.write(encodeKeepalive()), KEEPALIVE_MS);
    socket.on('connect', () => socket.write(encodeOpen(this.#open)));
    socket.on('data', (chunk: Buffer) => {
      framer.push(chunk);
      for (let frame = framer.next(); frame !== undefined; frame = framer.next()) {
        if (!frame.ok) throw new Error(`the speaker sent what is no message: ${frame.reason}`);
        this.#read(socket, frame.value.type, frame.value.octets);
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(keepalive);
      if (this.#socket !== socket) return;
      if (this.isUp) this.unexpected.push('the speaker closed the connection');
      this.#ended();
      setTimeout(() => this.#calling && this.call(), 100);
    });
  }

  /** Ends the session as a crash would, or a lost wire: no NOTIFICATION. */
  drop(): void {
    this.#calling = false;
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
    this.#ended();
  }

  /** Stops to read, and goes on. */
  stall(stalled: boolean): void {
    if (stalled) this.#socket?.pause();
    else this.#socket?.resume();
  }

  withdraw(prefixes: readonly PrefixKey[]): void {
    if (this.#context === undefined) return;
    for (const octets of packWithdrawals({ family: FAMILY, prefixes }, this.#context)) this.#socket?.write(octets);
  }

  /** Announces prefixes with a MED that none had before. */
  announce(prefixes: readonly PrefixKey[]): void {
    if (this.#context === undefined) return;
    this.#med += 1;
    const { asNumber, address } = this.settings;
    const attributes = {
      origin: 'igp',
      asPath: [{ type: 'sequence', asNumbers: [asNumber] }],
      med: this.#med,
    } as const;
    const block = { family: FAMILY, prefixes, nextHop: { address } } as const;
    for (const octets of packUpdates(block, attributes, this.#context)) this.#socket?.write(octets);
  }

  get routes(): readonly PrefixKey[] {
    return this.#routes;
  }

  #ended(): void {
    this.#context = undefined;
    this.told.clear();
  }

  #read(socket: Socket, type: number, octets: Uint8Array): void {
    switch (type) {
      case MESSAGE_TYPE.open: {
        const open = decodeOpen(octets);
        if (!open.ok) throw new Error(`the speaker sent a bad OPEN: ${open.reason}`);
        socket.write(encodeKeepalive());
        this.#context = negotiate(this.#open, open.value, 'ebgp');
        this.announce(this.#routes);
        socket.write(encodeEndOfRib(FAMILY));
        return;
      }
      case MESSAGE_TYPE.update: {
        if (this.#context === undefined) return;
        const { withdrawn, reachable, errors } = decodeUpdate(octets, this.#context);
        if (errors.length > 0) throw new Error(`the speaker sent a bad UPDATE: ${errors[0]?.reason}`);
        for (const { prefixes } of withdrawn) for (const prefix of prefixes) this.told.delete(prefix);
        for (const { prefixes } of reachable) for (const prefix of prefixes) this.told.add(prefix);
        return;
      }
      case MESSAGE_TYPE.notification:
        this.unexpected.push(`NOTIFICATION ${octets[19]}/${octets[20]}`);
        return;
    }
  }
}
