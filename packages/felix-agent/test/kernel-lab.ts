import { execFileSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { type Kernel, openKernel } from '@slash32/linux';
import { type AgentStatus, type Resource, SystemClock, silentLogger } from '@slash32/shared';
import { FelixAgent } from '../src/index.ts';
import { MemoryDatastore } from './memory-datastore.ts';
import { baseResources, GATEWAY, HOST_NAME } from './resources.ts';

/** Runs a shell command as an operator would; throws with its standard error. */
export function sh(command: string): string {
  return execFileSync('sh', ['-c', `set -e; PATH=$PATH:/usr/sbin:/sbin; ${command}`], { encoding: 'utf8' });
}

/** Waits until `condition` holds and returns after how many milliseconds; throws after `timeoutMs`. */
export async function waitUntil(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<number> {
  const startedMs = performance.now();
  while (!(await condition())) {
    if (performance.now() - startedMs > timeoutMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await delay(5);
  }
  return performance.now() - startedMs;
}

/** Makes instance N: a namespace `vmN` behind the veth `tapN`, with both of its addresses and its gateways. */
export function plugInstance(number: number): void {
  const hex = number.toString(16).padStart(2, '0');
  const vm = `ip -n vm${number}`;
  sh(`
    ip netns add vm${number}
    ip link add tap${number} type veth peer name eth0 netns vm${number} address 52:54:00:00:00:${hex}
    ${vm} link set lo up; ${vm} link set eth0 up
    ${vm} address add 10.70.0.${number}/16 dev eth0
    ${vm} address add 2001:db8:70::${number.toString(16)}/128 dev eth0 nodad
    ${vm} route add default via ${GATEWAY}
    ${vm} -6 route add default via fe80::1 dev eth0
  `);
}

/** An agent of this process on the real kernel of the sandbox, with a datastore in memory. */
export class KernelLab implements AsyncDisposable {
  readonly datastore = new MemoryDatastore();
  readonly #clock = new SystemClock();
  readonly #toolTimeoutMs: number | undefined;
  #kernel: Kernel | undefined;
  #agent: FelixAgent | undefined;

  private constructor(toolTimeoutMs: number | undefined) {
    this.#toolTimeoutMs = toolTimeoutMs;
  }

  /** Starts with no tables, taps or namespaces. */
  static async start(
    resources: readonly Resource[] = [],
    options: { readonly toolTimeoutMs?: number } = {},
  ): Promise<KernelLab> {
    const lab = new KernelLab(options.toolTimeoutMs);
    cleanKernel();
    lab.datastore.putAll([...baseResources(), ...resources]);
    await lab.startAgent();
    return lab;
  }

  get agent(): FelixAgent {
    if (this.#agent === undefined) throw new Error('no agent is running');
    return this.#agent;
  }

  /** Starts an agent and waits until it has done what there is to do. */
  async startAgent(): Promise<void> {
    const timeoutMs = this.#toolTimeoutMs;
    this.#kernel = await openKernel({ clock: this.#clock, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    this.#agent = new FelixAgent({
      host: HOST_NAME,
      datastore: this.datastore,
      kernel: this.#kernel,
      clock: this.#clock,
      logger: silentLogger,
      random: Math.random,
    });
    await this.#agent.start();
    await waitUntil('the agent is ready', () => this.agent.health().ready && this.agent.dataplane.isIdle);
  }

  async stopAgent(): Promise<void> {
    await this.#agent?.[Symbol.asyncDispose]();
    await this.#kernel?.[Symbol.asyncDispose]();
    this.#agent = undefined;
    this.#kernel = undefined;
  }

  async put(...resources: readonly Resource[]): Promise<void> {
    this.datastore.putAll(resources);
    await this.applied();
  }

  /** Waits until the agent has nothing to do. */
  async applied(): Promise<void> {
    await delay(1);
    await waitUntil('the agent is idle', () => this.agent.dataplane.isIdle);
  }

  async up(...numbers: readonly number[]): Promise<void> {
    for (const number of numbers) {
      await waitUntil(`vm${number} is up`, () => this.state(number) === 'up');
    }
  }

  state(number: number): string | undefined {
    return this.agent.dataplane.endpoints.status(`default/vm${number}`)?.state;
  }

  async status(): Promise<AgentStatus> {
    return this.agent.handlers['agent.status']({}, { signal: AbortSignal.timeout(1_000) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAgent();
    cleanKernel();
  }
}

/** Removes all tables, namespaces, taps and routes of earlier tests. Refuses outside the sandbox. */
export function cleanKernel(): void {
  if (process.env.SLASH32_SANDBOX !== '1') throw new Error('kernel tests run inside scripts/sandbox only');
  sh(`
    nft flush ruleset
    ip -o netns list | cut -d ' ' -f 1 | while read -r name; do ip netns delete "$name"; done
    ip -o link show | sed -n 's/^[0-9]*: \\(tap[^@:]*\\).*/link delete \\1/p' | ip -force -batch - 2>/dev/null || true
    ip route flush proto 133; ip route flush table local proto 134
  `);
}
