import { CEASE, ERROR_CODE, type NotificationMessage } from './notification.ts';

/** RFC 9003 section 2: the length has one octet, and 255 is reserved for it by no one. */
const MAX_COMMUNICATION_OCTETS = 255;

/**
 * Cease with a text for the other side's operator (RFC 9003): one octet of length, then UTF-8. A text that is too long
 * is cut at a character.
 */
export function shutdownNotification(
  subcode: typeof CEASE.administrativeShutdown | typeof CEASE.administrativeReset,
  text: string,
): NotificationMessage {
  const room = new Uint8Array(MAX_COMMUNICATION_OCTETS);
  const { written } = new TextEncoder().encodeInto(text, room);
  const data = new Uint8Array(written === 0 ? 0 : written + 1);
  if (written > 0) {
    data[0] = written;
    data.set(room.subarray(0, written), 1);
  }
  return { code: ERROR_CODE.cease, subcode, data };
}

/**
 * The text of a Cease for administrative shutdown or reset, with control characters replaced, fit for a log;
 * `undefined` if there is none or it is malformed (a length beyond the data, no UTF-8).
 */
export function shutdownCommunication({ code, subcode, data }: NotificationMessage): string | undefined {
  const carries = subcode === CEASE.administrativeShutdown || subcode === CEASE.administrativeReset;
  const length = data[0] ?? 0;
  if (code !== ERROR_CODE.cease || !carries || length === 0 || length + 1 > data.length) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(data.subarray(1, length + 1));
    return text.replaceAll(/\p{Cc}/gu, '�');
  } catch {
    return undefined;
  }
}

/** The Hard Reset that wraps a NOTIFICATION (RFC 8538 section 3): neither side keeps the other's routes. */
export function hardReset({ code, subcode, data }: NotificationMessage): NotificationMessage {
  return { code: ERROR_CODE.cease, subcode: CEASE.hardReset, data: Uint8Array.of(code, subcode, ...data) };
}

export function isHardReset({ code, subcode }: NotificationMessage): boolean {
  return code === ERROR_CODE.cease && subcode === CEASE.hardReset;
}

/** RFC 8538 section 3: a Hard Reset wraps the NOTIFICATION that it is about; `undefined` if it is no such, or empty. */
export function hardResetReason({ code, subcode, data }: NotificationMessage): NotificationMessage | undefined {
  if (!isHardReset({ code, subcode, data }) || data.length < 2) return undefined;
  return { code: data[0] ?? 0, subcode: data[1] ?? 0, data: data.slice(2) };
}
