import type { Kernel } from '@slash32/linux';
import { HostPolicyCompiler, type PolicyUpdate } from '@slash32/policy-compiler';
import type { Clock, EndpointState, EndpointStatus, Logger } from '@slash32/shared';
import type { FabricGraph } from '../graph/fabric-graph.ts';
import { AddressManager } from './address-manager.ts';
import { ApplyLoop } from './apply-loop.ts';
import { removeBootRuleset } from './boot-ruleset.ts';
import { ConnectionCleaner } from './connection-cleaner.ts';
import type { DataplaneObserver } from './dataplane-observer.ts';
import { DriftLedger } from './drift-ledger.ts';
import { EndpointManager, type Round } from './endpoint-manager.ts';
import { HostSettings } from './host-settings.ts';
import { LinkTracker } from './link-tracker.ts';
import { NeighbourManager } from './neighbour-manager.ts';
import { PeriodicTasks } from './periodic-tasks.ts';
import { PolicyManager } from './policy-manager.ts';
import { RouteManager } from './route-manager.ts';
import { Suspicions } from './suspicions.ts';
import { SysctlManager } from './sysctl-manager.ts';

/** Settings of all taps are checked once in `SYSCTL_PARTS × SYSCTL_PART_MS`: 60 s. */
const SYSCTL_PARTS = 60;
const SYSCTL_PART_MS = 1_000;
/** Everything else is checked against the kernel this often, whether or not anything hinted at a change. */
const FULL_CHECK_MS = 60_000;
/** Of the policy's 22-bit generation. */
const MAX_GENERATION = 4_194_303;

interface Program {
  readonly update: PolicyUpdate;
  /** Wall clock. */
  readonly compiledAt: number;
}

export interface DataplaneOptions {
  readonly kernel: Kernel;
  readonly graph: FabricGraph;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Evenly distributed in [0, 1). */
  readonly random: () => number;
  readonly observer: DataplaneObserver;
}

/**
 * Makes the kernel what the graph says. A round goes in the order that keeps policy before route:
 *
 *     list what is suspect → plan, compile → withdraw routes → ┬ policy, one transaction     ┬ → install routes
 *                                                              └ settings, link, neighbours  ┘ → clean up
 */
export class Dataplane {
  readonly compiler: HostPolicyCompiler;
  readonly drift: DriftLedger;
  readonly endpoints: EndpointManager;
  readonly policy: PolicyManager;
  readonly routes: RouteManager;
  readonly #options: DataplaneOptions;
  readonly #neighbours: NeighbourManager;
  readonly #addresses: AddressManager;
  readonly #sysctls: SysctlManager;
  readonly #hostSettings: HostSettings;
  readonly #links: LinkTracker;
  readonly #loop: ApplyLoop;
  readonly #connections: ConnectionCleaner;
  readonly #periodic: PeriodicTasks;
  readonly #suspicions: Suspicions;
  #mayApply = false;
  #bootRulesetRemoved = false;

  constructor(options: DataplaneOptions) {
    const { kernel, graph, clock, logger, observer, random } = options;
    this.#options = options;
    // Marks of connections may have outlived the table that made them: begin with a generation that none of them has.
    const initialGeneration = 1 + Math.floor(random() * MAX_GENERATION);
    this.compiler = new HostPolicyCompiler(graph.model, graph.host, { initialGeneration });
    this.drift = new DriftLedger(logger, (kind) => observer.driftFound(kind));
    this.#loop = new ApplyLoop(() => this.#round(), { clock, logger, random });
    const kick = (): void => this.#kick();
    const isOurs = (device: string): boolean => this.#isOurs(device);
    this.routes = new RouteManager(kernel.routes, logger, this.drift);
    this.#neighbours = new NeighbourManager(kernel.neighbours, logger, this.drift, isOurs);
    this.#addresses = new AddressManager(kernel.addresses, logger, this.drift, isOurs);
    this.#sysctls = new SysctlManager(kernel.sysctls, this.drift);
    this.#hostSettings = new HostSettings(this.#sysctls, logger);
    this.#links = new LinkTracker(() => clock.wallMs(), {
      onChanged: (name) => this.#interfaceChanged(name),
      onLost: (name) => this.#interfaceLost(name),
    });
    this.#connections = new ConnectionCleaner(kernel.conntrack, logger, (count) =>
      observer.connectionsForgotten(count),
    );
    this.#periodic = new PeriodicTasks(clock, logger);
    this.policy = new PolicyManager({
      nft: kernel.nft,
      compiler: this.compiler,
      clock,
      logger,
      drift: this.drift,
      random,
      endpoints: () => this.endpoints.instances,
      onQuarantineChange: (instance) => {
        this.endpoints.touch(instance);
        kick();
      },
      onUncertain: (instance) => this.endpoints.policyUncertain(instance),
      onTransaction: (result) => observer.nftCommitted(result),
      onFailure: () => observer.nftFailed(),
    });
    this.endpoints = new EndpointManager({
      links: this.#links,
      linkControl: kernel.links,
      routes: this.routes,
      neighbours: this.#neighbours,
      addresses: this.#addresses,
      sysctls: this.#sysctls,
      clock,
      logger,
      random,
      refusalOf: (instance) => this.policy.refusalOf(instance),
      kick,
      onUp: (trace) => observer.endpointUp(trace),
    });
    this.#suspicions = new Suspicions(clock, {
      policy: () => this.#suspect(this.policy),
      routes: () => this.#suspect(this.routes),
      neighbours: () => this.#suspect(this.#neighbours),
      addresses: () => this.#suspect(this.#addresses),
      settings: () => void this.#checkSettings(() => this.#sysctls.checkSuspects()),
    });
  }

  /** What the last round failed with; `undefined` if all is well. */
  get failure(): unknown {
    return this.#loop.failure;
  }

  /** Nothing is being applied, and nothing waits to be. */
  get isIdle(): boolean {
    return this.#loop.isIdle;
  }

  /** Idle, and no hint of a change in the kernel waits to be looked into. */
  get isQuiet(): boolean {
    return this.isIdle && !this.#suspicions.arePending;
  }

  /** Why connections of removed addresses cannot be forgotten, if so. */
  get conntrackFailure(): string | undefined {
    return this.#connections.failure;
  }

  /** Why the host cannot forward packets, if so; retried in every round. */
  get hostFailure(): string | undefined {
    return this.#hostSettings.failure;
  }

  endpointCounts(): Record<EndpointState, number> {
    return this.endpoints.counts();
  }

  endpointStatuses(): readonly EndpointStatus[] {
    return this.endpoints.statuses();
  }

  /** Subscribes to everything that the kernel tells, before anything is listed. Ends when `signal` aborts. */
  async watch(signal: AbortSignal): Promise<void> {
    const { kernel } = this.#options;
    const { policy, routes, neighbours, addresses, settings, echoes } = this.#suspicions;
    const onPerhapsOurs = (): void => echoes.hint();
    await Promise.all([
      this.policy.watch(() => policy.hint(), signal),
      this.routes.watch(() => routes.hint(), signal),
      this.#neighbours.watch({ onSuspect: () => neighbours.hint(), onPerhapsOurs }, signal),
      this.#addresses.watch({ onSuspect: () => addresses.hint(), onPerhapsOurs }, signal),
      this.#sysctls.watch(() => settings.hint(), signal),
      kernel.interfaces.watch((events) => this.#links.apply(events), signal),
    ]);
    this.#periodic.every(FULL_CHECK_MS, () => this.checkEverything());
    this.#periodic.every(SYSCTL_PART_MS, () => this.#checkSettings(() => this.#sysctls.checkPart(SYSCTL_PARTS)));
  }

  /** The graph has something new, and is in sync: from now on the kernel follows it. */
  graphChanged(): void {
    this.#mayApply = true;
    this.#kick();
  }

  /** Compares everything but settings with the kernel, in a round that begins at once; repairs and counts what differs. */
  checkEverything(): void {
    for (const manager of [this.policy, this.routes, this.#neighbours, this.#addresses]) manager.suspect();
    this.#bootRulesetRemoved = false; // somebody may have loaded it again
    this.#kick();
  }

  /** Lets the present round end. What was programmed stays in the kernel. */
  async stop(): Promise<void> {
    this.#suspicions.cancel();
    this.#periodic.stop();
    await this.#loop.stop();
    this.policy.dispose();
  }

  #kick(): void {
    if (this.#mayApply) this.#loop.kick();
  }

  #suspect(manager: { suspect(): void }): void {
    manager.suspect();
    this.#kick();
  }

  /** Beside the rounds, which do not wait for settings that were right before. */
  async #checkSettings(check: () => Promise<void>): Promise<void> {
    await check();
    this.drift.flush();
  }

  async #round(): Promise<void> {
    const { graph, clock, observer } = this.#options;
    const startedMs = clock.monotonicMs();
    await Promise.all([
      this.policy.refresh(),
      this.routes.refresh(),
      this.#neighbours.refresh(),
      this.#addresses.refresh(),
      this.#hostSettings.apply(),
    ]);

    // No await in between: endpoints and program are of one state of the graph.
    const changes = graph.takeEndpointChanges(clock.wallMs());
    for (const { instance } of changes) this.policy.pardon(instance);
    const round = this.endpoints.plan(changes);
    const program: Program = { update: this.policy.prepare(), compiledAt: clock.wallMs() };
    try {
      await this.#carryOut(round, program);
    } catch (error) {
      this.endpoints.reconsider(round);
      throw error;
    } finally {
      this.endpoints.conclude(round);
      this.drift.flush();
      observer.roundDone(clock.monotonicMs() - startedMs);
    }
  }

  async #carryOut(round: Round, { update, compiledAt }: Program): Promise<void> {
    try {
      for (const route of await this.routes.withdraw(this.endpoints.hasPolicy)) {
        this.endpoints.noteWithdrawn(route.prefix.slice(0, route.prefix.indexOf('/')));
      }
    } catch (error) {
      this.policy.suspect(); // the update will never be sent, so the compiler is ahead of the kernel
      throw error;
    }
    const [policy, preparation] = await Promise.allSettled([
      this.policy.send(update).then(() => {
        this.endpoints.policyCommitted(round, compiledAt, (instance) => this.#isCommitted(instance));
      }),
      this.endpoints.prepare(round),
    ]);
    // Endpoints whose policy was there before go on, even if this round's policy failed.
    await this.endpoints.installRoutes();
    if (policy.status === 'fulfilled') await this.#cleanUp();
    for (const result of [policy, preparation]) if (result.status === 'rejected') throw result.reason;
  }

  #isCommitted(instance: string): boolean {
    return this.policy.refusalOf(instance) === undefined && this.compiler.isProgrammed(instance);
  }

  /** After the policy: what only removed endpoints used, and their connections. */
  async #cleanUp(): Promise<void> {
    const forgotten = this.#connections.forget(this.endpoints.takeLostAddresses());
    await Promise.all([this.#neighbours.withdraw(), this.#addresses.withdraw(), forgotten]);
    if (this.#bootRulesetRemoved) return;
    await removeBootRuleset(this.#options.kernel.nft, this.#options.logger);
    this.#bootRulesetRemoved = true;
  }

  #interfaceChanged(name: string): void {
    if (this.endpoints.touchInterface(name)) this.#kick();
  }

  #interfaceLost(name: string): void {
    this.endpoints.interfaceLost(name);
    if (!this.endpoints.touchInterface(name)) return;
    // A renamed interface has kept its routes, now under another name.
    this.#suspicions.routesLater.hint();
    this.#suspicions.echoes.hint();
    this.#kick();
  }

  /** By name only: what a manifest claims does not make the host's uplink ours to tidy up. */
  #isOurs(device: string): boolean {
    return this.#options.graph.model.configuration().interfacePrefixes.some((prefix) => device.startsWith(prefix));
  }
}
