import { type InterfaceNames, remembered } from './interface-names.ts';
import type { Libc } from './libc.ts';
import { MessageWriter } from './message-writer.ts';
import { netlinkFailed, reasonOf } from './netlink-error.ts';
import { messagesIn, NLM_F_ACK, NLM_F_REQUEST, NLMSG_ERROR, readAcknowledgement } from './netlink-message.ts';
import { NetlinkSocket } from './netlink-socket.ts';

/** Requests that go to the kernel in one call: a few milliseconds of work. */
const CHUNK_OCTETS = 48 * 1024;
const CHUNK_REQUESTS = 1_024;
/** Room for the answers to a chunk of which every request fails. */
const RECEIVE_BUFFER_OCTETS = 4 * 1024 * 1024;

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

/** Requests that are sent together. */
interface Chunk {
  /** Index of the first item that is not in it. */
  readonly next: number;
  /** Indexes of the items that have a request, in order. */
  readonly sent: readonly number[];
  readonly firstSequence: number;
}

/**
 * A socket for changes and the memory to write them into. The kernel carries out all requests of a chunk inside of
 * `send`, so that their answers are there at once. Only the last request asks for an acknowledgement, because those that
 * fail are answered anyway. After an error the channel must be disposed: late answers would meet the next request.
 */
export class RequestChannel implements Disposable {
  readonly #libc: Libc;
  readonly #names: InterfaceNames;
  readonly #socket: NetlinkSocket;
  readonly #writer = new MessageWriter();
  #sequence = 0;

  constructor(libc: Libc, names: InterfaceNames) {
    this.#libc = libc;
    this.#names = names;
    this.#socket = new NetlinkSocket(libc, { receiveBufferOctets: RECEIVE_BUFFER_OCTETS });
  }

  /** Carries out requests for items from `first` on, in our thread; returns the index to go on with. */
  changeNow<Item>(items: readonly Item[], first: number, prepare: Prepare<Item>, failures: RequestFailure[]): number {
    const chunk = this.#write(items, first, prepare, failures);
    if (chunk.sent.length === 0) return chunk.next;
    this.#socket.send(this.#writer.bytes);
    this.#collect(chunk, failures);
    return chunk.next;
  }

  /** As {@link changeNow}, while the kernel works in another thread. */
  async changeAside<Item>(
    items: readonly Item[],
    first: number,
    prepare: Prepare<Item>,
    failures: RequestFailure[],
  ): Promise<number> {
    const chunk = this.#write(items, first, prepare, failures);
    if (chunk.sent.length === 0) return chunk.next;
    await this.#socket.sendAside(this.#writer.bytes);
    this.#collect(chunk, failures);
    return chunk.next;
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  #write<Item>(items: readonly Item[], first: number, prepare: Prepare<Item>, failures: RequestFailure[]): Chunk {
    const writer = this.#writer;
    writer.reset();
    const firstSequence = this.#sequence;
    const sent: number[] = [];
    const indexOf = remembered((name: string) => this.#names.indexOf(name));
    let last = 0;
    let next = first;
    for (const item of items.slice(first, first + CHUNK_REQUESTS)) {
      if (writer.size >= CHUNK_OCTETS) break;
      const request = prepare(item, indexOf);
      if (typeof request === 'string') {
        failures.push({ index: next, errno: 0, reason: request });
      } else if (request !== undefined) {
        last = writer.size;
        writer.begin(request.type, request.flags | NLM_F_REQUEST, this.#sequence);
        this.#sequence = (this.#sequence + 1) >>> 0;
        request.write(writer);
        writer.end();
        sent.push(next);
      }
      next += 1;
    }
    if (sent.length > 0) writer.addFlags(last, NLM_F_ACK);
    return { next, sent, firstSequence };
  }

  /** Reads answers up to the one to the last request. */
  #collect({ sent, firstSequence }: Chunk, failures: RequestFailure[]): void {
    for (;;) {
      const length = this.#socket.receive();
      if (typeof length !== 'number') throw netlinkFailed('a change', `the kernel's answer is ${length}`);
      for (const frame of messagesIn(this.#socket.received, length)) {
        if (frame.type !== NLMSG_ERROR) continue;
        const position = (frame.sequence - firstSequence) >>> 0;
        const index = sent[position];
        if (index === undefined) continue;
        const answer = readAcknowledgement(this.#socket.received, frame);
        if (answer.errno !== 0) failures.push({ index, errno: answer.errno, reason: reasonOf(this.#libc, answer) });
        if (position === sent.length - 1) return;
      }
    }
  }
}
