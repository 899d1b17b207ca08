import type { NotificationMessage } from './messages/notification.ts';

/** Malformed input is an expected outcome, so it is a value: the NOTIFICATION to send, and the reason for people. */
export interface DecodeFailure {
  readonly ok: false;
  readonly notification: NotificationMessage;
  readonly reason: string;
}

export type DecodeResult<Value> = { readonly ok: true; readonly value: Value } | DecodeFailure;

export function decoded<Value>(value: Value): DecodeResult<Value> {
  return { ok: true, value };
}

export function refused(notification: NotificationMessage, reason: string): DecodeFailure {
  return { ok: false, notification, reason };
}
