import { setImmediate as nextTurn } from 'node:timers/promises';
import { FabricError } from '@slash32/shared';
import { InterfaceNames, remembered } from './interface-names.ts';
import type { Libc } from './libc.ts';
import { MessageWriter } from './message-writer.ts';
import { netlinkFailed, reasonOf } from './netlink-error.ts';
import {
  messagesIn,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  type Octets,
  readAcknowledgement,
  readDumpEnd,
} from './netlink-message.ts';
import { NetlinkSocket } from './netlink-socket.ts';

/** Requests that go to the kernel in one call: a few milliseconds of work, after which others get their turn. */
const CHUNK_OCTETS = 24 * 1024;
const CHUNK_REQUESTS = 512;
/** Buffers of a dump (up to 32 KiB each) that are read before others get their turn. */
const BUFFERS_PER_TURN = 4;
const REQUEST_BUFFER_OCTETS = 4 * 1024 * 1024;
const DUMP_ATTEMPTS = 20;

/** One message, written by a codec behind the header that type and flags go into. */
export interface Request {
  readonly type: number;
  /** Beyond NLM_F_REQUEST and NLM_F_ACK. */
  readonly flags: number;
  write(writer: MessageWriter): void;
}

export interface RequestFailure {
  readonly index: number;
  /** 0: was not sent. */
  readonly errno: number;
  readonly reason: string;
}

export type IndexOf = (name: string) => number | undefined;

/**
 * Makes the request for an item, right before it is sent; or gives the reason why it must not be sent; or `undefined`
 * where there is nothing to do. `indexOf` tells the index that an interface's name has now.
 */
export type Prepare<Item> = (item: Item, indexOf: IndexOf) => Request | string | undefined;

export interface Dump<Item> {
  readonly type: number;
  write(writer: MessageWriter): void;
  /** Reads one message of the answer; `undefined`: none of interest. */
  read(octets: Octets, start: number, end: number): Item | undefined;
  /** Errno that mean that there is nothing of that kind. */
  readonly emptyErrno?: ReadonlySet<number>;
}

/**
 * Requests to rtnetlink. The kernel carries each out inside of `send`, so that its answer is there at once; only the
 * last request of a chunk asks for an acknowledgement, because those that fail are answered anyway.
 */
export class Rtnetlink implements Disposable {
  readonly names: InterfaceNames;
  readonly #libc: Libc;
  readonly #writer = new MessageWriter();
  #socket: NetlinkSocket | undefined;
  #sequence = 0;
  #disposed = false;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.names = new InterfaceNames(libc);
  }

  /**
   * Carries out one request per item, in order, and returns those that failed, in order; a failure stops none of the
   * others.
   */
  async change<Item>(items: readonly Item[], prepare: Prepare<Item>): Promise<readonly RequestFailure[]> {
    const failures: RequestFailure[] = [];
    let next = 0;
    while (next < items.length) {
      if (next > 0) await nextTurn();
      next = this.#changeChunk(items, next, prepare, failures);
    }
    return failures.sort((left, right) => left.index - right.index);
  }

  /** All objects that the request selects. A dump during which objects changed is made again. */
  async dump<Item>(dump: Dump<Item>): Promise<readonly Item[]> {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt += 1) {
      const items = await this.#dumpOnce(dump);
      if (items !== undefined) return items;
      await nextTurn();
    }
    throw netlinkFailed('listing', `objects changed during each of ${DUMP_ATTEMPTS} listings`);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
  }

  #changeChunk<Item>(
    items: readonly Item[],
    first: number,
    prepare: Prepare<Item>,
    failures: RequestFailure[],
  ): number {
    const writer = this.#writer;
    writer.reset();
    const firstSequence = (this.#sequence + 1) >>> 0;
    const sent: number[] = [];
    const indexOf = remembered((name: string) => this.names.indexOf(name));
    let last = 0;
    let at = first;
    for (const item of items.slice(first, first + CHUNK_REQUESTS)) {
      if (writer.size >= CHUNK_OCTETS) break;
      const request = prepare(item, indexOf);
      if (typeof request === 'string') {
        failures.push({ index: at, errno: 0, reason: request });
      } else if (request !== undefined) {
        last = writer.size;
        this.#write(request.type, request.flags | NLM_F_REQUEST, (target) => request.write(target));
        sent.push(at);
      }
      at += 1;
    }
    if (sent.length === 0) return at;
    writer.addFlags(last, NLM_F_ACK);
    this.#exchange(writer.bytes, this.#sequence, (sequence, errno, reason) => {
      const index = sent[(sequence - firstSequence) >>> 0];
      if (index !== undefined) failures.push({ index, errno, reason });
    });
    return at;
  }

  /** Sends, and reads answers up to the one to `lastSequence`. */
  #exchange(
    octets: Uint8Array,
    lastSequence: number,
    onFailure: (sequence: number, errno: number, reason: string) => void,
  ): void {
    const socket = this.#requestSocket();
    try {
      socket.send(octets);
      for (;;) {
        const length = socket.receive();
        if (typeof length !== 'number') throw netlinkFailed('a change', `the kernel's answer is ${length}`);
        for (const frame of messagesIn(socket.received, length)) {
          if (frame.type !== NLMSG_ERROR) continue;
          const answer = readAcknowledgement(socket.received, frame);
          if (answer.errno !== 0) onFailure(frame.sequence, answer.errno, reasonOf(this.#libc, answer));
          if (frame.sequence === lastSequence) return;
        }
      }
    } catch (error) {
      // Late answers would meet the next request.
      socket[Symbol.dispose]();
      this.#socket = undefined;
      throw error;
    }
  }

  /** `undefined`: it was interrupted. A socket of its own, since others may send requests between two turns. */
  async #dumpOnce<Item>(dump: Dump<Item>): Promise<readonly Item[] | undefined> {
    this.#throwIfDisposed();
    using socket = new NetlinkSocket(this.#libc, { receiveBufferOctets: REQUEST_BUFFER_OCTETS });
    this.#writer.reset();
    this.#write(dump.type, NLM_F_REQUEST | NLM_F_DUMP, (writer) => dump.write(writer));
    socket.send(this.#writer.bytes);
    const items: Item[] = [];
    for (let buffers = 1; ; buffers += 1) {
      const length = socket.receive();
      if (length === 'lost') return undefined;
      if (length === 'empty') throw netlinkFailed('listing', 'the kernel does not answer');
      for (const frame of messagesIn(socket.received, length)) {
        if ((frame.flags & NLM_F_DUMP_INTR) !== 0) return undefined;
        if (frame.type === NLMSG_DONE || frame.type === NLMSG_ERROR) {
          const read = frame.type === NLMSG_DONE ? readDumpEnd : readAcknowledgement;
          const answer = read(socket.received, frame);
          if (answer.errno === 0 || dump.emptyErrno?.has(answer.errno) === true) return items;
          throw netlinkFailed('listing', reasonOf(this.#libc, answer), answer.errno);
        }
        const item = dump.read(socket.received, frame.start, frame.end);
        if (item !== undefined) items.push(item);
      }
      if (buffers % BUFFERS_PER_TURN === 0) await nextTurn();
    }
  }

  #write(type: number, flags: number, write: (writer: MessageWriter) => void): void {
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.#writer.begin(type, flags, this.#sequence);
    write(this.#writer);
    this.#writer.end();
  }

  #requestSocket(): NetlinkSocket {
    this.#throwIfDisposed();
    this.#socket ??= new NetlinkSocket(this.#libc, { receiveBufferOctets: REQUEST_BUFFER_OCTETS });
    return this.#socket;
  }

  #throwIfDisposed(): void {
    if (this.#disposed) throw new FabricError('netlink.closed', 'this kernel connection was disposed');
  }
}
