import { Backoff, type Clock, type Logger, sleep } from '@slash32/shared';
import type { Libc } from './libc.ts';
import { RTM_GETLINK, readLink, writeLinkDump } from './link-message.ts';
import { messagesIn } from './netlink-message.ts';
import { NetlinkSocket } from './netlink-socket.ts';
import { type Notification, type NotificationKind, notificationKind, readNotification } from './notification.ts';
import { RouteReader } from './route-reader.ts';
import type { Rtnetlink } from './rtnetlink.ts';

export interface NotificationListener {
  /** Others are not passed on. */
  readonly kinds: ReadonlySet<NotificationKind>;
  /** Notifications that were read together, in the kernel's order. */
  onNotifications(notifications: readonly Notification[]): void;
  /** Notifications may have been lost. */
  onGap(): void;
}

/**
 * RTNLGRP_LINK, _NEIGH, _IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR, _IPV6_ROUTE, _IPV4_NETCONF, _IPV6_NETCONF
 * (linux/rtnetlink.h).
 */
const GROUPS: readonly number[] = [1, 3, 5, 7, 9, 11, 24, 25];
/** Some 50,000 notifications. */
const RECEIVE_BUFFER_OCTETS = 32 * 1024 * 1024;
/** More wait for the next turn of the event loop. Above what one chunk of requests causes. */
const MESSAGES_PER_TURN = 2_048;
/** They are passed on in parts of this size, so that what was read of them does not outlive the youngest heap. */
const MESSAGES_AT_ONCE = 256;

/**
 * The notifications of rtnetlink, read in our own thread when the event loop sees that there are some, from one socket
 * for all tables, so that they come in one order. Links are always among them: they tell which name an index has.
 */
export class NetlinkMonitor implements AsyncDisposable {
  readonly #libc: Libc;
  readonly #rtnetlink: Rtnetlink;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #receiveBufferOctets: number;
  readonly #listeners = new Set<NotificationListener>();
  readonly #names = new Map<number, string>();
  /** Told to forget whenever a link may have another name. */
  readonly #routes = new RouteReader((index) => this.#nameOf(index));
  readonly #ended = new AbortController();
  readonly #backoff: Backoff;
  #socket: NetlinkSocket | undefined;
  #starting: Promise<void> | undefined;

  constructor(options: {
    readonly libc: Libc;
    readonly rtnetlink: Rtnetlink;
    readonly clock: Clock;
    readonly logger: Logger;
    /** 32 MiB if left out. */
    readonly receiveBufferOctets?: number;
    readonly random?: () => number;
  }) {
    this.#libc = options.libc;
    this.#rtnetlink = options.rtnetlink;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#receiveBufferOctets = options.receiveBufferOctets ?? RECEIVE_BUFFER_OCTETS;
    this.#backoff = new Backoff({ initialMs: 10, maxMs: 5_000, random: options.random ?? Math.random });
  }

  /** Resolves when no later notification will be missed. */
  async subscribe(listener: NotificationListener, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#ended.signal.throwIfAborted();
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
    this.#starting ??= this.#start();
    const starting = this.#starting;
    try {
      await starting;
    } catch (error) {
      if (this.#starting === starting) this.#starting = undefined;
      this.#listeners.delete(listener);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    this.#listeners.clear();
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
  }

  async #start(): Promise<void> {
    const socket = new NetlinkSocket(this.#libc, { groups: GROUPS, receiveBufferOctets: this.#receiveBufferOctets });
    this.#socket = socket;
    try {
      await this.#learnNames();
      this.#ended.signal.throwIfAborted();
      socket.watch(() => this.#read(socket));
    } catch (error) {
      socket[Symbol.dispose]();
      throw error;
    }
  }

  async #learnNames(): Promise<void> {
    const links = await this.#rtnetlink.dump({ type: RTM_GETLINK, write: writeLinkDump, read: readLink });
    this.#names.clear();
    this.#routes.forget();
    for (const { index, name } of links) this.#names.set(index, name);
  }

  /** The first message is passed on before it is asked whether there are others: mostly there is but one. */
  #read(socket: NetlinkSocket): void {
    let end = this.#readSome(socket, 1);
    // Whoever was told may have closed us.
    for (let left = MESSAGES_PER_TURN; left > 0 && end === undefined && this.#socket === socket; ) {
      end = this.#readSome(socket, MESSAGES_AT_ONCE);
      left -= MESSAGES_AT_ONCE;
    }
    if (typeof end === 'string') void this.#recover(socket, end);
  }

  /** `true`: that was all; a text: why notifications are lost; `undefined`: there may be more. */
  #readSome(socket: NetlinkSocket, limit: number): string | true | undefined {
    const notifications: Notification[] = [];
    const end = this.#drain(socket, limit, notifications);
    if (notifications.length > 0) this.#deliver(notifications);
    return end;
  }

  #drain(socket: NetlinkSocket, limit: number, notifications: Notification[]): string | true | undefined {
    try {
      for (let messages = 0; messages < limit; messages += 1) {
        const length = socket.receive();
        if (length === 'empty') return true;
        if (length === 'lost') return 'the receive buffer was full';
        this.#decode(socket, length, notifications);
      }
      return undefined;
    } catch (error) {
      return String(error);
    }
  }

  #decode(socket: NetlinkSocket, length: number, notifications: Notification[]): void {
    for (const frame of messagesIn(socket.received, length)) {
      const kind = notificationKind(frame.type);
      if (kind === undefined || (kind !== 'link' && !this.#isWanted(kind))) continue;
      const notification = readNotification(socket.received, frame, (index) => this.#nameOf(index), this.#routes);
      if (notification === undefined) continue;
      notifications.push(notification);
      if (notification.kind !== 'link') continue;
      this.#routes.forget();
      if (notification.deleted) this.#names.delete(notification.link.index);
      else this.#names.set(notification.link.index, notification.link.name);
    }
  }

  #isWanted(kind: NotificationKind): boolean {
    for (const listener of this.#listeners) if (listener.kinds.has(kind)) return true;
    return false;
  }

  #nameOf(index: number): string | undefined {
    return this.#names.get(index) ?? this.#rtnetlink.names.nameOf(index);
  }

  #deliver(notifications: readonly Notification[]): void {
    for (const listener of [...this.#listeners]) {
      const concerned = notifications.filter(({ kind }) => listener.kinds.has(kind));
      if (concerned.length > 0) listener.onNotifications(concerned);
    }
  }

  /** Begins anew, with a fresh socket; what is still in the old one is older than the listings that follow. */
  async #recover(socket: NetlinkSocket, reason: string): Promise<void> {
    this.#logger.warn({ reason }, 'kernel notifications were lost; listing again');
    socket[Symbol.dispose]();
    while (!this.#ended.signal.aborted) {
      try {
        await this.#start();
        this.#backoff.reset();
        for (const listener of [...this.#listeners]) listener.onGap();
        return;
      } catch (error) {
        if (this.#ended.signal.aborted) return;
        this.#logger.warn({ error: String(error) }, 'the monitor of kernel notifications did not start; trying again');
        await sleep(this.#clock, this.#backoff.nextDelayMs(), this.#ended.signal).catch(() => undefined);
      }
    }
  }
}
