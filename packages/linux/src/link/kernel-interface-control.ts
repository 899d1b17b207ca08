import { FabricError } from '@slash32/shared';
import { deviceNameRefusal } from '../ip/device-name.ts';
import { IpBatch } from '../ip/ip-batch.ts';
import { DEFAULT_TIMEOUT_MS, type IpOptions } from '../ip/ip-options.ts';
import { ipTool } from '../process/tool.ts';
import type { InterfaceControl } from './interface-control.ts';

interface Request {
  readonly name: string;
  readonly outcome: PromiseWithResolvers<void>;
}

/**
 * The {@link InterfaceControl} of the network namespace that we run in, through `ip`. Requests that come while `ip` runs
 * go together in its next run: thousands of taps that appear at once must not cost a fork each.
 */
export class KernelInterfaceControl implements InterfaceControl, AsyncDisposable {
  readonly #batch: IpBatch;
  #waiting: Request[] = [];
  #running: Promise<void> | undefined;

  constructor(options: IpOptions) {
    this.#batch = new IpBatch(ipTool('link'), {
      clock: options.clock,
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    });
  }

  async setUp(name: string): Promise<void> {
    const refusal = deviceNameRefusal(name);
    if (refusal !== undefined) throw new FabricError('link.refused', refusal, { details: { name } });
    const outcome = Promise.withResolvers<void>();
    this.#waiting.push({ name, outcome });
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return outcome.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running;
    await this.#batch[Symbol.asyncDispose]();
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const requests = this.#waiting;
      this.#waiting = [];
      try {
        const failures = await this.#batch.run(requests.map(({ name }) => `link set dev ${name} up`));
        const reasons = new Map(failures.map(({ index, reason }) => [requests[index], reason]));
        for (const request of requests) {
          const reason = reasons.get(request);
          if (reason === undefined) request.outcome.resolve();
          else request.outcome.reject(failureOf(request.name, reason));
        }
      } catch (error) {
        for (const { outcome } of requests) outcome.reject(error);
      }
    }
  }
}

function failureOf(name: string, reason: string): FabricError {
  const code = reason.startsWith('Cannot find device') ? 'link.absent' : 'link.refused';
  return new FabricError(code, `interface ${name} cannot be brought up: ${reason}`, { details: { name } });
}
