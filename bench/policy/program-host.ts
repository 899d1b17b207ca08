import { KernelNftTransactor } from '@slash32/linux';
import { FabricModel, HostPolicyCompiler, POLICY_TABLES } from '@slash32/policy-compiler';
import { type Resource, SystemClock } from '@slash32/shared';
import { LOCAL_HOST } from './large-fabric.ts';

/** What one commit cost. */
export interface Commit {
  /** Octets of nft text; 0: nothing to send. */
  readonly bytes: number;
  /** Number of changes in the transaction. */
  readonly changes: number;
  readonly compileMs: number;
  /** Until the kernel has it. */
  readonly applyMs: number;
}

/**
 * The agent's policy path in this process: model, compiler and the transactor of the real kernel, of the network
 * namespace that we run in. Leaves out the datastore, which has its own limits, and routes.
 */
export class ProgramHost implements AsyncDisposable {
  readonly model = new FabricModel();
  readonly #nft = new KernelNftTransactor({ clock: new SystemClock(), timeoutMs: 120_000 });
  #compiler = new HostPolicyCompiler(this.model, LOCAL_HOST);

  /** Puts resources into the model; returns the milliseconds that took, without those that made the resources. */
  load(resources: Iterable<Resource>): number {
    let ms = 0;
    for (const resource of resources) {
      const started = performance.now();
      this.model.put(resource);
      ms += performance.now() - started;
    }
    return ms;
  }

  /** A first or further start: a new compiler, from what the kernel has to what it shall have. */
  async start(): Promise<Commit> {
    this.#compiler[Symbol.dispose]();
    this.#compiler = new HostPolicyCompiler(this.model, LOCAL_HOST);
    const started = performance.now();
    const { changes } = this.#compiler.reconcile(await this.#nft.list(POLICY_TABLES));
    const compiled = performance.now();
    const { bytes } = await this.#nft.apply(changes);
    return {
      bytes,
      changes: changes.length,
      compileMs: compiled - started,
      applyMs: performance.now() - compiled,
    };
  }

  /** Compiles and sends what changed in the model since the last commit. */
  async commit(): Promise<Commit> {
    const started = performance.now();
    const { changes } = this.#compiler.flush();
    const compiled = performance.now();
    const bytes = changes.length === 0 ? 0 : (await this.#nft.apply(changes)).bytes;
    return {
      bytes,
      changes: changes.length,
      compileMs: compiled - started,
      applyMs: performance.now() - compiled,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#compiler[Symbol.dispose]();
    await this.#nft[Symbol.asyncDispose]();
  }
}
