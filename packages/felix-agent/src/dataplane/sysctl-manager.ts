import type { Sysctls } from '@slash32/linux';
import { hasErrorCode } from '@slash32/shared';
import type { DriftLedger } from './drift-ledger.ts';
import type { Setting } from './endpoint-objects.ts';

/**
 * Settings of taps and of the host. The kernel notifies nobody of a changed setting, so they are checked now and then:
 * a few owners at a time, so that thousands of taps never cost a moment.
 */
export class SysctlManager {
  readonly #sysctls: Sysctls;
  readonly #drift: DriftLedger;
  readonly #settings = new Map<string, readonly Setting[]>();
  #sweep: Iterator<[string, readonly Setting[]]> | undefined;

  constructor(sysctls: Sysctls, drift: DriftLedger) {
    this.#sysctls = sysctls;
    this.#drift = drift;
  }

  /** Writes all that differ, and keeps them so from now on. Returns what is wrong, if anything. */
  async apply(owner: string, settings: readonly Setting[]): Promise<string | undefined> {
    const failures = await this.#write(settings, undefined);
    if (failures.length > 0) {
      this.#settings.delete(owner);
      return failures.join('; ');
    }
    this.#settings.set(owner, settings);
    return undefined;
  }

  has(owner: string): boolean {
    return this.#settings.has(owner);
  }

  /** The owner's interface has gone, or is nobody's any more. */
  forget(owner: string): void {
    this.#settings.delete(owner);
  }

  /** Checks and repairs about `1/parts` of all owners; `parts` calls come round to every one. */
  async checkPart(parts: number): Promise<void> {
    let left = Math.ceil(this.#settings.size / parts);
    while (left > 0) {
      this.#sweep ??= this.#settings.entries();
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = undefined;
        return;
      }
      await this.#write(next.value[1], this.#drift);
      left -= 1;
    }
  }

  async #write(settings: readonly Setting[], drift: DriftLedger | undefined): Promise<string[]> {
    const failures: string[] = [];
    await Promise.all(
      settings.map(async ({ key, value, optional }) => {
        try {
          const wrote = await this.#sysctls.write(key, value);
          if (wrote) drift?.record('sysctl', `changed: ${key} was not ${value}`);
        } catch (error) {
          // While sweeping, a key that is absent is an interface that is just going.
          if (hasErrorCode(error, 'sysctl.absent') && (optional || drift !== undefined)) return;
          failures.push(error instanceof Error ? error.message : String(error));
        }
      }),
    );
    return failures;
  }
}
