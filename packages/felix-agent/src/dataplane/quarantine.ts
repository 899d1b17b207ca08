import { Backoff, type Clock, type Timer } from '@slash32/shared';

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;

interface QuarantinedEndpoint {
  reason: string;
  readonly backoff: Backoff;
  /** Running: it is left out until then. Absent: it is on probation in the next transaction. */
  timer: Timer | undefined;
}

/**
 * Endpoints that the kernel refused. Each is left out of the program, alone, and tried again with back-off and jitter;
 * it is released when a transaction that had it in was accepted.
 */
export class Quarantine {
  readonly #clock: Clock;
  readonly #random: () => number;
  /** Puts the endpoint back into the program and applies. */
  readonly #retry: (instance: string) => void;
  readonly #members = new Map<string, QuarantinedEndpoint>();

  constructor(clock: Clock, random: () => number, retry: (instance: string) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#retry = retry;
  }

  /** The kernel's words, if the endpoint is in quarantine or on probation. */
  reasonOf(instance: string): string | undefined {
    return this.#members.get(instance)?.reason;
  }

  get entries(): readonly { readonly instance: string; readonly reason: string }[] {
    return [...this.#members].map(([instance, { reason }]) => ({ instance, reason }));
  }

  /** Takes it in, or, after a failed probation, back in for longer. Returns milliseconds until it is tried again. */
  commit(instance: string, reason: string): number {
    const member = this.#members.get(instance) ?? {
      reason,
      backoff: new Backoff({ initialMs: FIRST_RETRY_MS, maxMs: LAST_RETRY_MS, random: this.#random }),
      timer: undefined,
    };
    member.reason = reason;
    member.timer?.cancel();
    const delayMs = member.backoff.nextDelayMs();
    member.timer = this.#clock.schedule(delayMs, () => {
      member.timer = undefined;
      this.#retry(instance);
    });
    this.#members.set(instance, member);
    return delayMs;
  }

  /** A transaction was accepted: whoever was on probation is free. Returns them. */
  releaseProbationers(): readonly string[] {
    const released: string[] = [];
    for (const [instance, { timer }] of this.#members) {
      if (timer !== undefined) continue;
      this.#members.delete(instance);
      released.push(instance);
    }
    return released;
  }

  /** Its manifest changed or went, so what is known about it holds no longer. Returns true if it was a member. */
  pardon(instance: string): boolean {
    this.#members.get(instance)?.timer?.cancel();
    return this.#members.delete(instance);
  }

  dispose(): void {
    for (const { timer } of this.#members.values()) timer?.cancel();
    this.#members.clear();
  }
}
