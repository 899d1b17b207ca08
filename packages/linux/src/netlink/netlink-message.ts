import { endianness } from 'node:os';

/**
 * Netlink's framing (RFC 3549 section 2.3, linux/netlink.h). Numbers are in the byte order of the machine, addresses in
 * network byte order, and everything begins at a multiple of four octets.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +---------------------------------------------------------------+
 * |        length of the message, this header included            |
 * +-------------------------------+-------------------------------+
 * |             type              |             flags             |
 * +-------------------------------+-------------------------------+
 * |                           sequence                            |
 * +---------------------------------------------------------------+
 * |                  port (0: of or to the kernel)                |
 * +---------------------------------------------------------------+
 * |            a fixed structure of the type, then attributes:    |
 * +-------------------------------+-------------------------------+
 * |  length, these four included  | type (bit 15: has attributes) |
 * +-------------------------------+-------------------------------+
 * |       value, filled up with zeros to a multiple of four       |
 * +---------------------------------------------------------------+
 * ```
 */
export const MESSAGE_HEADER_OCTETS = 16;
export const ATTRIBUTE_HEADER_OCTETS = 4;
/** NLA_TYPE_MASK: bit 15 says that there are attributes inside, bit 14 that the value is in network byte order. */
export const ATTRIBUTE_TYPE_MASK = 0x3fff;

/** Types that every netlink protocol has. */
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

/** Flags of requests. */
export const NLM_F_REQUEST = 0x01;
export const NLM_F_ACK = 0x04;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
/** NLM_F_ROOT | NLM_F_MATCH: all objects, not one. */
export const NLM_F_DUMP = 0x300;

/** Flags of answers. */
export const NLM_F_DUMP_INTR = 0x10;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;

export const LITTLE_ENDIAN = endianness() === 'LE';

/** Octets with a view of the same memory. */
export interface Octets {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export function octetsOf(bytes: Uint8Array): Octets {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** Where a message lies; `start` and `end` are those of its payload. */
export interface MessageFrame {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly start: number;
  readonly end: number;
}

/** The messages in the first `length` octets. What is cut off or has an impossible length ends the walk. */
export function* messagesIn({ view }: Octets, length: number): Generator<MessageFrame, void> {
  let at = 0;
  while (at + MESSAGE_HEADER_OCTETS <= length) {
    const size = view.getUint32(at, LITTLE_ENDIAN);
    if (size < MESSAGE_HEADER_OCTETS || at + size > length) return;
    yield {
      type: view.getUint16(at + 4, LITTLE_ENDIAN),
      flags: view.getUint16(at + 6, LITTLE_ENDIAN),
      sequence: view.getUint32(at + 8, LITTLE_ENDIAN),
      start: at + MESSAGE_HEADER_OCTETS,
      end: at + size,
    };
    at += aligned(size);
  }
}

/** Walks attributes: after `next()` was true, `type`, `start` and `end` (of the value) are those of one. */
export class AttributeCursor {
  type = 0;
  start = 0;
  end = 0;
  readonly #view: DataView;
  readonly #limit: number;
  #at: number;

  constructor({ view }: Octets, start: number, limit: number) {
    this.#view = view;
    this.#at = start;
    this.#limit = limit;
  }

  /** False at the end, and at an attribute that is cut off. */
  next(): boolean {
    const at = this.#at;
    if (at + ATTRIBUTE_HEADER_OCTETS > this.#limit) return false;
    const size = this.#view.getUint16(at, LITTLE_ENDIAN);
    if (size < ATTRIBUTE_HEADER_OCTETS || at + size > this.#limit) return false;
    this.type = this.#view.getUint16(at + 2, LITTLE_ENDIAN) & ATTRIBUTE_TYPE_MASK;
    this.start = at + ATTRIBUTE_HEADER_OCTETS;
    this.end = at + size;
    this.#at = at + aligned(size);
    return true;
  }

  get length(): number {
    return this.end - this.start;
  }

  /** The value as u32; 0 if it is shorter. */
  get uint32(): number {
    return this.length < 4 ? 0 : this.#view.getUint32(this.start, LITTLE_ENDIAN);
  }
}

/** Text up to the first NUL. */
export function textIn({ bytes }: Octets, start: number, end: number): string {
  const nul = bytes.subarray(start, end).indexOf(0);
  return TEXT.decode(bytes.subarray(start, nul < 0 ? end : start + nul));
}

const TEXT = new TextDecoder();

export interface Acknowledgement {
  /** 0: done. */
  readonly errno: number;
  /** The kernel's explanation (NLMSGERR_ATTR_MSG), where it has one; also a warning where `errno` is 0. */
  readonly message?: string;
}

const NLMSGERR_ATTR_MSG = 1;

/**
 * Reads NLMSG_ERROR: the negated errno (s32), then the request (its header only, if capped), then, with
 * NETLINK_EXT_ACK, attributes.
 */
export function readAcknowledgement(octets: Octets, frame: MessageFrame): Acknowledgement {
  const { view } = octets;
  const { start, end, flags } = frame;
  const errno = start + 4 <= end ? 0 - view.getInt32(start, LITTLE_ENDIAN) : 0;
  const echoed = start + 4;
  if ((flags & NLM_F_ACK_TLVS) === 0 || echoed + MESSAGE_HEADER_OCTETS > end) return { errno };
  const size = (flags & NLM_F_CAPPED) === 0 ? view.getUint32(echoed, LITTLE_ENDIAN) : MESSAGE_HEADER_OCTETS;
  const message = explanationIn(octets, echoed + aligned(size), end);
  return { errno, ...(message === undefined ? {} : { message }) };
}

/** Reads NLMSG_DONE, the end of a dump: 0 or a negated errno (s32), then attributes as above. */
export function readDumpEnd(octets: Octets, { start, end, flags }: MessageFrame): Acknowledgement {
  const errno = start + 4 <= end ? 0 - octets.view.getInt32(start, LITTLE_ENDIAN) : 0;
  const message = (flags & NLM_F_ACK_TLVS) === 0 ? undefined : explanationIn(octets, start + 4, end);
  return { errno, ...(message === undefined ? {} : { message }) };
}

function explanationIn(octets: Octets, start: number, end: number): string | undefined {
  const attributes = new AttributeCursor(octets, start, end);
  while (attributes.next()) {
    if (attributes.type === NLMSGERR_ATTR_MSG) return textIn(octets, attributes.start, attributes.end);
  }
  return undefined;
}

export function aligned(octets: number): number {
  return octets + (-octets & 3);
}
