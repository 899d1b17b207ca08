/**
 * JSON lines over a UNIX stream socket; one object a line, many requests at once, answers in any order.
 *
 *   client → {"id":7,"method":"agent.status","params":{}}     call, or opens a stream
 *   client → {"id":7,"cancel":true}                           the answer is no longer wanted
 *   server → {"id":7,"result":…}                              answer of a call
 *   server → {"id":7,"event":…} … {"id":7,"end":true}         answer of a stream
 *   server → {"id":7,"error":{"code","message","details"}}    ends either
 */

/** A map of method names to their types; `event` marks a streaming method, `result` a plain one. */
export type ControlMethodMap<Methods> = {
  readonly [Name in keyof Methods]:
    | { readonly params: object; readonly result: unknown }
    | { readonly params: object; readonly event: unknown };
};

export type ParamsOf<Method> = Method extends { readonly params: infer Params } ? Params : never;
export type ResultOf<Method> = Method extends { readonly result: infer Result } ? Result : never;
export type EventOf<Method> = Method extends { readonly event: infer Event } ? Event : never;

/** Names of methods that answer once. */
export type CallName<Methods> = {
  [Name in keyof Methods]: Methods[Name] extends { readonly result: unknown } ? Name : never;
}[keyof Methods] &
  string;

/** Names of methods that answer with a stream of events. */
export type StreamName<Methods> = {
  [Name in keyof Methods]: Methods[Name] extends { readonly event: unknown } ? Name : never;
}[keyof Methods] &
  string;

export interface ControlErrorBody {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export type ControlRequest =
  | { readonly id: number; readonly method: string; readonly params: object }
  | { readonly id: number; readonly cancel: true };

export type ControlResponse =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly event: unknown }
  | { readonly id: number; readonly end: true }
  /** `id` is null where the request could not be read. */
  | { readonly id: number | null; readonly error: ControlErrorBody };

/** Longest line either side accepts, in octets, newline left out. */
export const MAX_CONTROL_LINE_BYTES = 16 * 1024 * 1024;
