import type { Clock, Timer } from './clock.ts';

/** The machine's clocks and timers. */
export class SystemClock implements Clock {
  monotonicMs(): number {
    return performance.now();
  }

  wallMs(): number {
    return Date.now();
  }

  schedule(delayMs: number, action: () => void, options: { keepAlive?: boolean } = {}): Timer {
    const timeout = setTimeout(action, Math.max(0, delayMs));
    if (options.keepAlive !== true) timeout.unref();
    return { cancel: () => clearTimeout(timeout) };
  }
}
