import type { Sysctls } from '@slash32/linux';
import { hasErrorCode } from '@slash32/shared';
import type { DriftLedger } from './drift-ledger.ts';
import type { Setting } from './endpoint-objects.ts';

/**
 * Settings of taps and of the host. The kernel tells of changes of the few that routing hangs on (`Sysctls.watch`), and
 * their owner is checked then. All are checked now and then: a few owners at a time, so that thousands of taps never
 * cost a moment.
 */
export class SysctlManager {
  readonly #sysctls: Sysctls;
  readonly #drift: DriftLedger;
  readonly #settings = new Map<string, readonly Setting[]>();
  /** Setting → its owner. */
  readonly #owners = new Map<string, string>();
  readonly #suspects = new Set<string>();
  #sweep: Iterator<[string, readonly Setting[]]> | undefined;

  constructor(sysctls: Sysctls, drift: DriftLedger) {
    this.#sysctls = sysctls;
    this.#drift = drift;
  }

  /** Writes all that differ, and keeps them so from now on. Returns what is wrong, if anything. */
  async apply(owner: string, settings: readonly Setting[]): Promise<string | undefined> {
    const failures = await this.#write(settings, undefined);
    this.forget(owner);
    if (failures.length > 0) {
      return failures.join('; ');
    }
    this.#settings.set(owner, settings);
    for (const { key } of settings) this.#owners.set(key, owner);
    return undefined;
  }

  has(owner: string): boolean {
    return this.#settings.has(owner);
  }

  /** The owner's interface has gone, or is nobody's any more. */
  forget(owner: string): void {
    const settings = this.#settings.get(owner) ?? [];
    this.#settings.delete(owner);
    for (const { key } of settings) if (this.#owners.get(key) === owner) this.#owners.delete(key);
  }

  /** `onSuspect`: the kernel told of a value that is not the wanted one; `checkSuspects` looks into it. */
  watch(onSuspect: () => void, signal: AbortSignal): Promise<void> {
    return this.#sysctls.watch(
      {
        onChange: (key, value) => {
          const owner = this.#owners.get(key);
          const wanted = owner === undefined ? undefined : this.#settings.get(owner)?.find((each) => each.key === key);
          if (owner === undefined || wanted?.value === value) return;
          this.#suspects.add(owner);
          onSuspect();
        },
        onOverrun: () => {
          for (const owner of this.#settings.keys()) this.#suspects.add(owner);
          onSuspect();
        },
      },
      signal,
    );
  }

  /** Checks and repairs those of whom the kernel told. In order, since the host's settings reset those of taps. */
  async checkSuspects(): Promise<void> {
    const suspects = new Set(this.#suspects);
    this.#suspects.clear();
    for (const [owner, settings] of this.#settings) {
      if (suspects.delete(owner)) await this.#write(settings, this.#drift);
      if (suspects.size === 0) break;
    }
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
