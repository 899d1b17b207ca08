import { Backoff, type Clock, type EndpointState, type EndpointStatus, type Timer } from '@slash32/shared';
import { endpointFingerprint, type LocalEndpoint } from '../graph/local-endpoint.ts';
import type { TrackedLink } from './link-tracker.ts';

const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 30_000;

/** `wallMs` of the stages of an endpoint's way into the kernel, as far as it has come. */
export interface ProgrammingStages {
  manifestSeenAt: number;
  compiledAt: number;
  policyCommittedAt: number;
}

/** One endpoint of this host: what is wanted, how far it is, what went wrong. */
export class EndpointRecord {
  endpoint: LocalEndpoint;
  fingerprint: string;
  readonly stages: ProgrammingStages;
  state: EndpointState = 'programming';
  programmingMs: number | undefined;
  /** Fingerprint of what the kernel's policy has for certain; undefined: none. */
  committedFingerprint: string | undefined;
  /** Link and fingerprint that the settings were written for. */
  preparedFor: string | undefined;
  /** Index of the link that we brought up, or found up. One that goes down later was taken down on purpose. */
  raisedIndex: number | undefined;
  /** When it was planned last, its routes were in the kernel already. */
  isFoundInPlace = false;
  #failure: { reason: string; readonly backoff: Backoff; timer: Timer | undefined } | undefined;

  constructor(endpoint: LocalEndpoint, manifestSeenAt: number) {
    this.endpoint = endpoint;
    this.fingerprint = endpointFingerprint(endpoint);
    this.stages = { manifestSeenAt, compiledAt: manifestSeenAt, policyCommittedAt: manifestSeenAt };
  }

  get isOpen(): boolean {
    return this.endpoint.closedReason === undefined;
  }

  /** The kernel's words about the last failure, until all is in. */
  get failureReason(): string | undefined {
    return this.#failure?.reason;
  }

  /** True while a failed endpoint waits for its next attempt. */
  get isBackingOff(): boolean {
    return this.#failure?.timer !== undefined;
  }

  /** Its policy, as wanted now, is in the kernel. */
  get hasPolicy(): boolean {
    return this.isOpen && this.committedFingerprint === this.fingerprint;
  }

  update(endpoint: LocalEndpoint, manifestSeenAt: number): void {
    const fingerprint = endpointFingerprint(endpoint);
    if (fingerprint !== this.fingerprint) {
      this.stages.manifestSeenAt = manifestSeenAt;
      this.clearFailure();
    }
    this.endpoint = endpoint;
    // What it had goes with the next transaction, of which it may stay unknown whether it was applied: should it want
    // the same again before the one after that, the same is to be committed again first.
    if (fingerprint !== this.fingerprint || !this.isOpen) this.committedFingerprint = undefined;
    this.fingerprint = fingerprint;
  }

  /** True if the link is there and up, or will be brought up by us. */
  canUse(link: TrackedLink | undefined): link is TrackedLink {
    return link !== undefined && (link.up || this.raisedIndex !== link.index);
  }

  preparationKey(link: TrackedLink): string {
    return `${link.index} ${this.fingerprint}`;
  }

  /** Notes a failure and calls `retry` after a delay that grows. */
  fail(reason: string, clock: Clock, random: () => number, retry: () => void): number {
    this.#failure?.timer?.cancel();
    const failure = this.#failure ?? {
      reason,
      backoff: new Backoff({ initialMs: FIRST_RETRY_MS, maxMs: LAST_RETRY_MS, random }),
      timer: undefined,
    };
    failure.reason = reason;
    const delayMs = failure.backoff.nextDelayMs();
    failure.timer = clock.schedule(delayMs, () => {
      failure.timer = undefined;
      retry();
    });
    this.#failure = failure;
    return delayMs;
  }

  clearFailure(): void {
    this.#failure?.timer?.cancel();
    this.#failure = undefined;
  }

  status(reason: string | undefined): EndpointStatus {
    const { instance, mac, addresses } = this.endpoint;
    return {
      instance,
      interface: this.endpoint.interface,
      mac,
      addresses,
      state: this.state,
      ...(reason === undefined ? {} : { reason }),
      ...(this.programmingMs === undefined ? {} : { programmingMs: this.programmingMs }),
    };
  }
}
