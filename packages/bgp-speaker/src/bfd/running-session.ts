import type { Clock, Timer } from '@slash32/shared';
import type { BfdCounters } from './bfd-counters.ts';
import { type BfdPacket, encodeBfdPacket } from './bfd-packet.ts';
import { bfdTransition } from './bfd-session.ts';
import { type BfdInput, type BfdSession, type BfdTimers, newBfdSession } from './bfd-session-state.ts';
import { type BfdSessionStatus, bfdSessionStatus, sameStatus } from './bfd-status.ts';
import { detectionDeadlineMs, jitteredIntervalUs, transmitIntervalUs } from './bfd-timing.ts';
import type { BfdEndpoint, BfdSender, BfdTransport } from './bfd-transport.ts';

export interface RunningSessionDependencies {
  readonly clock: Clock;
  /** Evenly distributed in [0, 1). */
  readonly random: () => number;
  readonly transport: BfdTransport;
  readonly counters: BfdCounters;
  /** Called with each status that differs from the one before. */
  readonly onStatus: (status: BfdSessionStatus) => void;
}

/** One session's machine with its timers and its sender. */
export class RunningSession {
  readonly endpoint: BfdEndpoint;
  readonly #deps: RunningSessionDependencies;
  #session: BfdSession;
  #status: BfdSessionStatus;
  #sender: BfdSender | undefined;
  #problem: string | undefined;
  #transmitTimer: Timer | undefined;
  #transmitIntervalUs: number | undefined;
  #detectionTimer: Timer | undefined;
  #detectionTimerDueMs = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(
    endpoint: BfdEndpoint,
    localDiscriminator: number,
    timers: BfdTimers,
    dependencies: RunningSessionDependencies,
  ) {
    this.endpoint = endpoint;
    this.#deps = dependencies;
    this.#session = newBfdSession(localDiscriminator, timers);
    this.#status = bfdSessionStatus(this.#session, undefined);
  }

  get localDiscriminator(): number {
    return this.#session.localDiscriminator;
  }

  get counters(): BfdCounters {
    return this.#deps.counters;
  }

  /** Interface that packets must come in by; 0: any. */
  get interfaceIndex(): number {
    return this.#sender?.interfaceIndex ?? 0;
  }

  start(): void {
    this.#deps.onStatus(this.#status);
    this.#transmit();
  }

  receive(packet: BfdPacket): void {
    this.#deps.counters.increment('received');
    this.#step({ type: 'packet', packet, nowMs: this.#deps.clock.monotonicMs() });
  }

  configure(timers: BfdTimers): void {
    this.#step({ type: 'configure', timers });
  }

  /** Tells the remote system AdminDown, which it does not take for a failure (RFC 5880 6.8.16). */
  disable(): void {
    this.#step({ type: 'disable' });
  }

  /** One more packet, out of turn. */
  repeat(): void {
    this.#step({ type: 'transmit' });
  }

  /** Milliseconds between packets as it is now; the slow rate if none are sent. */
  get transmitIntervalMs(): number {
    return (this.#transmitIntervalUs ?? 1_000_000) / 1000;
  }

  close(): void {
    this.#closed = true;
    this.#transmitTimer?.cancel();
    this.#detectionTimer?.cancel();
    this.#sender?.close();
    this.#sender = undefined;
  }

  #step(input: BfdInput): void {
    if (this.#closed) return;
    const { session, packets } = bfdTransition(this.#session, input);
    this.#session = session;
    for (const packet of packets) this.#send(packet);
    // A packet out of turn counts as the periodic one; a new rate counts from now (RFC 5880 6.8.7).
    const rateChanged = this.#transmitIntervalUs !== transmitIntervalUs(session);
    if (rateChanged || packets.some(({ final }) => !final)) this.#armTransmit();
    this.#armDetection();
    this.#reportStatus();
  }

  #transmit(): void {
    this.#transmitTimer = undefined;
    this.#step({ type: 'transmit' });
  }

  #armTransmit(): void {
    this.#transmitTimer?.cancel();
    this.#transmitTimer = undefined;
    const intervalUs = transmitIntervalUs(this.#session);
    this.#transmitIntervalUs = intervalUs;
    if (intervalUs === undefined) return;
    const { detectMultiplier } = this.#session.configured;
    const delayMs = jitteredIntervalUs(intervalUs, detectMultiplier, this.#deps.random()) / 1000;
    this.#transmitTimer = this.#deps.clock.schedule(delayMs, () => this.#transmit(), { keepAlive: true });
  }

  /** A timer that runs already is left alone where it is due early enough: packets only push the deadline out. */
  #armDetection(): void {
    const deadlineMs = detectionDeadlineMs(this.#session);
    if (deadlineMs === undefined || this.#detectionTimerDueMs <= deadlineMs) return;
    this.#detectionTimer?.cancel();
    this.#detectionTimerDueMs = deadlineMs;
    this.#detectionTimer = this.#deps.clock.schedule(
      deadlineMs - this.#deps.clock.monotonicMs(),
      () => {
        this.#detectionTimerDueMs = Number.POSITIVE_INFINITY;
        // A thread that was not given the processor in time finds its timer due before it has read what came meanwhile.
        this.#deps.transport.drain();
        this.#step({ type: 'check-detection', nowMs: this.#deps.clock.monotonicMs() });
      },
      { keepAlive: true },
    );
  }

  /** What cannot be sent is lost, as on a link; the next packet tries with a new socket. */
  #send(packet: BfdPacket): void {
    try {
      this.#sender ??= this.#deps.transport.open(this.endpoint);
      this.#sender.send(encodeBfdPacket(packet));
      this.#deps.counters.increment('sent');
      this.#problem = undefined;
    } catch (error) {
      this.#sender?.close();
      this.#sender = undefined;
      this.#deps.counters.increment('sendErrors');
      this.#problem = error instanceof Error ? error.message : String(error);
    }
  }

  #reportStatus(): void {
    const status = bfdSessionStatus(this.#session, this.#problem);
    if (sameStatus(status, this.#status)) return;
    this.#status = status;
    this.#deps.onStatus(status);
  }
}
