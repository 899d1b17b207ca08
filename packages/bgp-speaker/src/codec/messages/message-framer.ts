import { MAX_EXTENDED_MESSAGE_LENGTH, MAX_MESSAGE_LENGTH } from '../codec-context.ts';
import { type DecodeFailure, type DecodeResult, decoded, refused } from '../decode-result.ts';
import { readUint16 } from '../octets.ts';
import { HEADER_LENGTH, MARKER_LENGTH } from './header.ts';
import { MESSAGE_TYPE } from './message.ts';
import { ERROR_CODE, HEADER_ERROR, ROUTE_REFRESH_ERROR } from './notification.ts';

/** One whole message whose header has been checked. */
export interface Frame {
  /** One of `MESSAGE_TYPE`. */
  readonly type: number;
  /** The message, header included. A view, not a copy: who keeps octets of it copies them. */
  readonly octets: Uint8Array;
}

/** Shortest message of each type (RFC 4271 sections 4.2–4.5 and 6.1); ROUTE-REFRESH has an error of its own. */
const MIN_LENGTH: Readonly<Record<number, number>> = {
  [MESSAGE_TYPE.open]: 29,
  [MESSAGE_TYPE.update]: 23,
  [MESSAGE_TYPE.notification]: 21,
  [MESSAGE_TYPE.keepalive]: HEADER_LENGTH,
  [MESSAGE_TYPE.routeRefresh]: HEADER_LENGTH,
};

/** ROUTE-REFRESH is of fixed length (RFC 2918 section 3). */
const ROUTE_REFRESH_LENGTH = 23;

/**
 * Cuts a TCP stream into messages and checks their headers (RFC 4271 section 6.1). A message that lies within one chunk
 * is a view of it, not a copy. At most one message less an octet is held between calls, provided that the caller takes
 * all messages (`next` until `undefined`) before it pushes more.
 *
 * After a failure the stream cannot be trusted: `next` returns the same failure from then on.
 */
export class MessageFramer {
  /** Set once both sides have sent the extended message capability (RFC 8654). */
  extendedMessages = false;
  #buffer: Uint8Array = new Uint8Array(0);
  #offset = 0;
  #end = 0;
  #failure: DecodeFailure | undefined;

  /** Takes over `chunk`: the caller must not change it afterwards. */
  push(chunk: Uint8Array): void {
    if (this.#failure !== undefined || chunk.length === 0) return;
    const rest = this.#end - this.#offset;
    if (rest === 0) {
      this.#buffer = chunk;
      this.#offset = 0;
      this.#end = chunk.length;
      return;
    }
    // A caller's chunk has no room behind `#end`, so only a buffer of our own is ever written to.
    if (this.#end + chunk.length > this.#buffer.length) this.#moveTo((rest + chunk.length) * 2);
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** To a buffer of our own. Twice what is needed: a peer that sends octet by octet costs no copy for each of them. */
  #moveTo(capacity: number): void {
    const moved = new Uint8Array(capacity);
    moved.set(this.#buffer.subarray(this.#offset, this.#end));
    this.#buffer = moved;
    this.#end -= this.#offset;
    this.#offset = 0;
  }

  /** The next message; `undefined` until more octets are pushed. */
  next(): DecodeResult<Frame> | undefined {
    if (this.#failure !== undefined) return this.#failure;
    const start = this.#offset;
    const available = this.#end - start;
    this.#failure = this.#checkMarker(start, Math.min(available, MARKER_LENGTH));
    if (this.#failure !== undefined) return this.#failure;
    if (available < HEADER_LENGTH) return undefined;
    const length = readUint16(this.#buffer, start + MARKER_LENGTH);
    const type = this.#buffer[start + MARKER_LENGTH + 2] ?? 0;
    this.#failure = this.#checkLength(length, type);
    if (this.#failure !== undefined) return this.#failure;
    if (available < length) return undefined;
    const octets = this.#buffer.subarray(start, start + length);
    if (type === MESSAGE_TYPE.routeRefresh && length !== ROUTE_REFRESH_LENGTH) {
      this.#failure = refusedRouteRefresh(octets);
      return this.#failure;
    }
    this.#offset = start + length;
    return decoded({ type, octets });
  }

  /** Octets held of a message that is not yet complete. */
  get pendingOctets(): number {
    return this.#end - this.#offset;
  }

  #checkMarker(start: number, length: number): DecodeFailure | undefined {
    for (let index = start; index < start + length; index += 1) {
      if (this.#buffer[index] !== 0xff) {
        return headerFailure(
          HEADER_ERROR.connectionNotSynchronized,
          new Uint8Array(0),
          `marker octet ${index - start} is not all ones`,
        );
      }
    }
    return undefined;
  }

  #checkLength(length: number, type: number): DecodeFailure | undefined {
    const minLength = MIN_LENGTH[type];
    const lengthField = Uint8Array.of(length >>> 8, length & 0xff);
    // A length under that of the header says nothing about a type, so it is looked at first.
    if (length < HEADER_LENGTH) {
      return headerFailure(HEADER_ERROR.badMessageLength, lengthField, `message length ${length} is under 19`);
    }
    if (minLength === undefined) {
      return headerFailure(HEADER_ERROR.badMessageType, Uint8Array.of(type), `message type ${type} is unknown`);
    }
    // RFC 8654 section 4: OPEN and KEEPALIVE stay at 4,096 octets.
    const extended = this.extendedMessages && type !== MESSAGE_TYPE.open && type !== MESSAGE_TYPE.keepalive;
    const maxLength = extended ? MAX_EXTENDED_MESSAGE_LENGTH : MAX_MESSAGE_LENGTH;
    if (length < minLength || length > maxLength || (type === MESSAGE_TYPE.keepalive && length !== HEADER_LENGTH)) {
      return headerFailure(
        HEADER_ERROR.badMessageLength,
        lengthField,
        `message length ${length} is not possible for type ${type}`,
      );
    }
    return undefined;
  }
}

function headerFailure(subcode: number, data: Uint8Array, reason: string): DecodeFailure {
  return refused({ code: ERROR_CODE.messageHeader, subcode, data }, reason);
}

/** RFC 7313 section 5: the data is the whole message. */
function refusedRouteRefresh(octets: Uint8Array): DecodeFailure {
  return refused(
    {
      code: ERROR_CODE.routeRefreshMessage,
      subcode: ROUTE_REFRESH_ERROR.invalidMessageLength,
      data: octets.slice(),
    },
    `ROUTE-REFRESH has ${octets.length} octets, not ${ROUTE_REFRESH_LENGTH}`,
  );
}
