import type { SignatureCounters } from '@slash32/linux';
import type { BgpSessionState, Clock, ResourceFinding } from '@slash32/shared';
import type { PeerSettings } from '../peers/peer-settings.ts';
import { SignatureWatch } from '../peers/signature-watch.ts';
import { signatureHint } from '../session/signature-hint.ts';

export interface SignatureHintsOptions {
  readonly clock: Clock;
  /** Absent: the kernel does not tell, and there are no hints. */
  readonly read: (() => Promise<SignatureCounters | undefined>) | undefined;
  /** Peers and their states, ranges among them. */
  readonly peers: () => Iterable<readonly [PeerSettings, BgpSessionState]>;
}

/** What the kernel's counters say about peers without session; see {@link signatureHint}. */
export class SignatureHints {
  readonly #peers: SignatureHintsOptions['peers'];
  readonly #watch: SignatureWatch | undefined;

  constructor({ clock, read, peers }: SignatureHintsOptions) {
    this.#peers = peers;
    const isNeeded = (): boolean => [...peers()].some(([, state]) => state !== 'Established');
    this.#watch = read && new SignatureWatch({ clock, read, isNeeded });
  }

  start(signal: AbortSignal): void {
    this.#watch?.start(signal);
  }

  of(settings: PeerSettings, state: BgpSessionState): ResourceFinding | undefined {
    return this.#watch && signatureHint(settings, state, this.#watch.recent());
  }

  findings(): readonly ResourceFinding[] {
    return [...this.#peers()].flatMap(([settings, state]) => this.of(settings, state) ?? []);
  }
}
