import { setImmediate as nextTurn } from 'node:timers/promises';
import { FabricError } from '@slash32/shared';
import { InterfaceNames } from './interface-names.ts';
import type { Libc } from './libc.ts';
import { MessageWriter } from './message-writer.ts';
import { netlinkFailed, reasonOf } from './netlink-error.ts';
import {
  messagesIn,
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
import { type Prepare, RequestChannel, type RequestFailure } from './request-channel.ts';

/** So few are carried out in our thread, which is quickest; more must not keep others waiting. */
const CHANGES_AT_ONCE = 128;
/** Buffers of a dump (up to 32 KiB each) that are read before others get their turn. */
const BUFFERS_PER_TURN = 2;
const DUMP_BUFFER_OCTETS = 1024 * 1024;
const DUMP_ATTEMPTS = 20;

export interface Dump<Item> {
  readonly type: number;
  write(writer: MessageWriter): void;
  /** Reads one message of the answer; `undefined`: none of interest. */
  read(octets: Octets, start: number, end: number): Item | undefined;
  /** Called before the first and every further attempt: what `read` had to do beside its answer starts anew. */
  begin?(): void;
  /** Errno that mean that there is nothing of that kind. */
  readonly emptyErrno?: ReadonlySet<number>;
}

/** Requests to rtnetlink: changes and listings. Throws `netlink.failed` and, once disposed, `netlink.closed`. */
export class Rtnetlink implements Disposable {
  readonly names: InterfaceNames;
  readonly #libc: Libc;
  #channel: RequestChannel | undefined;
  #disposed = false;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.names = new InterfaceNames(libc);
  }

  /**
   * Carries out one request per item, in order, and returns those that failed, in order; a failure stops none of the
   * others. Calls do not wait for each other.
   */
  async change<Item>(items: readonly Item[], prepare: Prepare<Item>): Promise<readonly RequestFailure[]> {
    this.#throwIfDisposed();
    const failures: RequestFailure[] = [];
    if (items.length <= CHANGES_AT_ONCE) {
      this.#changeNow(items, prepare, failures);
    } else {
      using channel = new RequestChannel(this.#libc, this.names);
      for (let next = 0; next < items.length; ) next = await channel.changeAside(items, next, prepare, failures);
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
    this.#channel?.[Symbol.dispose]();
    this.#channel = undefined;
  }

  #changeNow<Item>(items: readonly Item[], prepare: Prepare<Item>, failures: RequestFailure[]): void {
    this.#channel ??= new RequestChannel(this.#libc, this.names);
    try {
      for (let next = 0; next < items.length; ) next = this.#channel.changeNow(items, next, prepare, failures);
    } catch (error) {
      this.#channel[Symbol.dispose]();
      this.#channel = undefined;
      throw error;
    }
  }

  /** `undefined`: it was interrupted. A socket of its own, since others may send requests between two turns. */
  async #dumpOnce<Item>(dump: Dump<Item>): Promise<readonly Item[] | undefined> {
    this.#throwIfDisposed();
    using socket = new NetlinkSocket(this.#libc, { receiveBufferOctets: DUMP_BUFFER_OCTETS });
    const writer = new MessageWriter();
    writer.begin(dump.type, NLM_F_REQUEST | NLM_F_DUMP, 0);
    dump.write(writer);
    writer.end();
    socket.send(writer.bytes);
    dump.begin?.();
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

  #throwIfDisposed(): void {
    if (this.#disposed) throw new FabricError('netlink.closed', 'this kernel connection was disposed');
  }
}
