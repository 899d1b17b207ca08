/** A pending call, as returned by {@link Clock.schedule}. Cancelling twice, or after it ran, does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Time as a dependency: everything that waits or measures takes a `Clock`, so that tests need not wait.
 * `SystemClock` is the real one; `FakeClock` moves only when told.
 */
export interface Clock {
  /** Milliseconds since an arbitrary moment, never going back; may have fractions. */
  monotonicMs(): number;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  wallMs(): number;
  /** Calls `action` once, after `delayMs` (≥ 0). A pending timer keeps no process alive unless `keepAlive`. */
  schedule(delayMs: number, action: () => void, options?: { keepAlive?: boolean }): Timer;
}
