import type { ThreadPriority } from '@slash32/linux/udp';
import type { BfdTimers } from './bfd-session-state.ts';
import type { BfdSessionStatus } from './bfd-status.ts';
import type { BfdEndpoint } from './bfd-transport.ts';

/** From the main thread to the worker. `id` is the main thread's name for a session, never used again. */
export type BfdRequest =
  | {
      readonly type: 'add';
      readonly id: number;
      readonly endpoint: BfdEndpoint;
      readonly timers: BfdTimers;
      /** Memory of the session's BfdCounters. */
      readonly counters: SharedArrayBuffer;
    }
  | { readonly type: 'configure'; readonly id: number; readonly timers: BfdTimers }
  | { readonly type: 'remove'; readonly id: number }
  /** All sessions end as AdminDown, then the worker ends. */
  | { readonly type: 'stop' };

/** From the worker to the main thread. */
export type BfdReport =
  | { readonly type: 'ready'; readonly priority: ThreadPriority }
  | {
      readonly type: 'status';
      readonly id: number;
      readonly status: BfdSessionStatus;
      /** Milliseconds since 1970 when it became so. */
      readonly atMs: number;
    };
