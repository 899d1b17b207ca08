import type { NftTransactor } from '@slash32/linux';
import { diffRulesets, type HostPolicyCompiler, POLICY_TABLES, type PolicyUpdate } from '@slash32/policy-compiler';
import { type Clock, hasErrorCode, type Logger, type NftRuleset } from '@slash32/shared';
import { describeChanges } from './describe-changes.ts';
import type { DriftLedger } from './drift-ledger.ts';
import { isolateRefused, type RefusedProgram } from './isolate-refused.ts';
import { Quarantine } from './quarantine.ts';

export interface PolicyManagerOptions {
  readonly nft: NftTransactor;
  readonly compiler: HostPolicyCompiler;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly drift: DriftLedger;
  readonly random: () => number;
  /** All endpoints of this host. */
  readonly endpoints: () => Iterable<string>;
  /** An endpoint was refused, is to be tried again, or was accepted again. */
  readonly onQuarantineChange: (instance: string) => void;
  /** An endpoint may have lost its policy without being refused; it is in the next program. */
  readonly onUncertain: (instance: string) => void;
  readonly onTransaction: (result: { readonly bytes: number; readonly durationMs: number }) => void;
  readonly onFailure: () => void;
}

/**
 * Brings the compiler's program into nftables: one transaction per apply, none if nothing differs.
 *
 * A round has two halves, so that the caller can compile at the moment it decides what to do, and send once routes
 * that have to go first are gone: `refresh` and `prepare`, then `send`.
 */
export class PolicyManager {
  readonly #options: PolicyManagerOptions;
  readonly #quarantine: Quarantine;
  /** Nothing is known of the kernel's tables: list before the next program is made. */
  #suspect = true;
  #adopted = false;
  #actual: NftRuleset | undefined;

  constructor(options: PolicyManagerOptions) {
    this.#options = options;
    this.#quarantine = new Quarantine(options.clock, options.random, (instance) => {
      options.compiler.include(instance);
      options.onQuarantineChange(instance);
    });
  }

  get quarantined(): readonly { readonly instance: string; readonly reason: string }[] {
    return this.#quarantine.entries;
  }

  /** The kernel's words, if it refused the endpoint. */
  refusalOf(instance: string): string | undefined {
    return this.#quarantine.reasonOf(instance);
  }

  /** Calls `onSuspect` when somebody else changed our tables. Ends when `signal` aborts. */
  watch(onSuspect: () => void, signal: AbortSignal): Promise<void> {
    return this.#options.nft.watch(POLICY_TABLES, onSuspect, signal);
  }

  suspect(): void {
    this.#suspect = true;
  }

  /** Lists the kernel if there is reason to; what differs from the last program is drift. */
  async refresh(): Promise<void> {
    if (!this.#suspect) return;
    const { nft, compiler, drift } = this.#options;
    this.#suspect = false;
    try {
      this.#actual = await nft.list(POLICY_TABLES);
    } catch (error) {
      this.#suspect = true;
      throw error;
    }
    if (!this.#adopted) return;
    for (const what of describeChanges(diffRulesets(this.#actual, compiler.ruleset()))) drift.record('nft', what);
  }

  /** The endpoint's manifest changed or went: a refusal of what it was says nothing about what it is. */
  pardon(instance: string): void {
    if (this.#quarantine.pardon(instance)) this.#options.compiler.include(instance);
  }

  /** Compiles what there is now. The update must go to {@link send} before the next call. */
  prepare(): PolicyUpdate {
    const { compiler } = this.#options;
    const actual = this.#actual;
    this.#actual = undefined;
    return actual === undefined ? compiler.flush() : compiler.reconcile(actual);
  }

  /**
   * Commits an update. If the kernel refuses it, whichever endpoints are at fault are quarantined and everything else
   * is committed. Throws what keeps the whole program out of the kernel; the last one stays in force then.
   */
  async send(update: PolicyUpdate): Promise<void> {
    const { onFailure } = this.#options;
    try {
      await this.#commit(update);
    } catch (error) {
      this.#suspect = true; // the compiler is ahead of the kernel now
      onFailure();
      if (!hasErrorCode(error, 'nft.rejected')) throw error;
      await isolateRefused(this.#refusedProgram(update), error);
      this.#suspect = false;
    }
    this.#adopted = true;
    for (const instance of this.#quarantine.releaseProbationers()) {
      this.#options.logger.info({ instance }, 'endpoint accepted by the kernel again');
      this.#options.onQuarantineChange(instance);
    }
  }

  dispose(): void {
    this.#quarantine.dispose();
  }

  async #commit(update: PolicyUpdate): Promise<void> {
    if (update.changes.length === 0) return;
    const result = await this.#options.nft.apply(update.changes);
    this.#options.onTransaction(result);
    this.#options.logger.debug(
      { changes: update.changes.length, bytes: result.bytes, generation: update.generation, revokes: update.revokes },
      'policy committed',
    );
  }

  #refusedProgram(update: PolicyUpdate): RefusedProgram {
    const { compiler, nft, logger, endpoints, onQuarantineChange, onUncertain } = this.#options;
    return {
      update,
      ruleset: () => compiler.ruleset(),
      endpoints,
      objectsOf: (instance) => compiler.endpointObjects(instance),
      exclude: (instance) => compiler.exclude(instance),
      include: (instance) => compiler.include(instance),
      restore: (instance) => {
        compiler.include(instance);
        onUncertain(instance);
      },
      attempt: async () => this.#commit(compiler.reconcile(await nft.list(POLICY_TABLES))),
      quarantine: (instance, reason) => {
        const delayMs = this.#quarantine.commit(instance, reason);
        onQuarantineChange(instance);
        logger.error(
          { instance, reason, retryInMs: Math.round(delayMs) },
          'the kernel refused an endpoint; it stays closed, all others are programmed',
        );
      },
    };
  }
}
