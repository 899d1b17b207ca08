import type { Logger } from '@slash32/shared';
import { HOST_SETTINGS } from './endpoint-objects.ts';
import type { SysctlManager } from './sysctl-manager.ts';

const OWNER = 'host';

/** Whether this machine forwards packets at all; without that, no tap's settings matter. */
export class HostSettings {
  readonly #sysctls: SysctlManager;
  readonly #logger: Logger;
  #failure: string | undefined;

  constructor(sysctls: SysctlManager, logger: Logger) {
    this.#sysctls = sysctls;
    this.#logger = logger;
  }

  /** Why the host cannot forward packets, if so. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Writes them unless they are in force; a failure is tried again with each call. */
  async apply(): Promise<void> {
    if (this.#sysctls.has(OWNER)) return;
    const failure = await this.#sysctls.apply(OWNER, HOST_SETTINGS);
    if (failure !== undefined && failure !== this.#failure) {
      this.#logger.error({ reason: failure }, 'the host cannot forward packets');
    }
    this.#failure = failure;
  }
}
