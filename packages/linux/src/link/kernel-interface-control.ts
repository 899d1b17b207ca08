import { FabricError } from '@slash32/shared';
import { deviceNameRefusal } from '../ip/device-name.ts';
import { IpBatch } from '../ip/ip-batch.ts';
import { DEFAULT_TIMEOUT_MS, type IpOptions } from '../ip/ip-options.ts';
import { ipTool } from '../process/tool.ts';
import type { InterfaceControl } from './interface-control.ts';

/** The {@link InterfaceControl} of the network namespace that we run in, through `ip`. */
export class KernelInterfaceControl implements InterfaceControl, AsyncDisposable {
  readonly #batch: IpBatch;

  constructor(options: IpOptions) {
    this.#batch = new IpBatch(ipTool('link'), {
      clock: options.clock,
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    });
  }

  async setUp(name: string): Promise<void> {
    const refusal = deviceNameRefusal(name);
    if (refusal !== undefined) throw new FabricError('link.refused', refusal, { details: { name } });
    const [failure] = await this.#batch.run([`link set dev ${name} up`]);
    if (failure === undefined) return;
    const code = failure.reason.startsWith('Cannot find device') ? 'link.absent' : 'link.refused';
    throw new FabricError(code, `interface ${name} cannot be brought up: ${failure.reason}`, { details: { name } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#batch[Symbol.asyncDispose]();
  }
}
