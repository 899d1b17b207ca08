import type { InterfaceControl } from '@slash32/linux';
import type { Clock, EndpointState, EndpointStatus, Logger, ProgrammingTrace } from '@slash32/shared';
import type { EndpointChange } from '../graph/fabric-graph.ts';
import { EndpointClaims } from './endpoint-claims.ts';
import { endpointSettings } from './endpoint-objects.ts';
import { EndpointRecord } from './endpoint-record.ts';
import { type EndpointTransition, logTransitions } from './endpoint-transition.ts';
import { type EndpointTables, EndpointWishes, GATEWAYS } from './endpoint-wishes.ts';
import type { LinkTracker, TrackedLink } from './link-tracker.ts';
import type { SysctlManager } from './sysctl-manager.ts';

export interface EndpointManagerOptions extends EndpointTables {
  readonly links: LinkTracker;
  readonly linkControl: InterfaceControl;
  readonly sysctls: SysctlManager;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** The kernel's words, if it refused the endpoint's policy. */
  readonly refusalOf: (instance: string) => string | undefined;
  /** Something is to be applied. */
  readonly kick: () => void;
  readonly onUp: (trace: ProgrammingTrace) => void;
}

/** Which endpoints one round looks at. */
export type Round = ReadonlySet<EndpointRecord>;

/**
 * Takes every endpoint through its states, in the order that keeps policy before route. The dataplane calls the steps
 * of a round: `plan`, then withdraws routes, then `prepare` beside the policy transaction, `policyCommitted`,
 * `installRoutes`, and `conclude`.
 */
export class EndpointManager {
  readonly #options: EndpointManagerOptions;
  readonly #records = new Map<string, EndpointRecord>();
  readonly #wishes: EndpointWishes;
  readonly #claims = new EndpointClaims();
  readonly #touched = new Set<string>();
  /** Failed since the last conclusion. */
  readonly #failed = new Set<EndpointRecord>();

  constructor(options: EndpointManagerOptions) {
    this.#options = options;
    this.#wishes = new EndpointWishes(options);
  }

  get instances(): Iterable<string> {
    return this.#records.keys();
  }

  counts(): Record<EndpointState, number> {
    const counts = { 'waiting-for-interface': 0, programming: 0, up: 0, closed: 0, failed: 0 };
    for (const { state } of this.#records.values()) counts[state] += 1;
    return counts;
  }

  statuses(): EndpointStatus[] {
    return [...this.#records.values()].map((record) => record.status(this.#reasonOf(record)));
  }

  status(instance: string): EndpointStatus | undefined {
    const record = this.#records.get(instance);
    return record?.status(this.#reasonOf(record));
  }

  /** Looks at an endpoint again in the next round. */
  touch(instance: string): void {
    this.#touched.add(instance);
  }

  /** The interface came, went, or changed state. Returns true if an endpoint claims it. */
  touchInterface(name: string): boolean {
    const claimants = this.#claims.claimantsOf(name);
    for (const instance of claimants ?? []) this.#touched.add(instance);
    return claimants !== undefined;
  }

  /** The kernel dropped everything on this interface; what failed there is to be tried anew when it is back. */
  interfaceLost(name: string): void {
    for (const instance of this.#claims.claimantsOf(name) ?? []) {
      const record = this.#records.get(instance);
      record?.clearFailure();
      if (record !== undefined) record.preparedFor = undefined;
      this.#options.sysctls.forget(instance);
    }
    this.#wishes.interfaceLost(name);
  }

  /** First step of a round: takes the graph's changes, and says what the kernel should have. */
  plan(changes: readonly EndpointChange[]): Round {
    for (const change of changes) {
      this.#replace(change);
      this.#touched.add(change.instance);
    }
    const round = new Set<EndpointRecord>();
    for (const instance of this.#touched) {
      const record = this.#records.get(instance);
      if (record === undefined) this.#wishes.wantNothing(instance);
      else {
        round.add(record);
        this.#want(record);
      }
    }
    this.#touched.clear();
    const { gateways } = this.#claims;
    if (gateways.takeChanged()) this.#wishes.wantGateways(gateways.addresses);
    return round;
  }

  /** Gate for replacing a route that is there: the owner's policy is in the kernel. */
  readonly hasPolicy = (owner: string): boolean => owner === GATEWAYS || this.#records.get(owner)?.hasPolicy === true;

  /** Settings first, then link, neighbours and gateway addresses, all beside the policy transaction. */
  async prepare(round: Round): Promise<void> {
    const { neighbours, addresses } = this.#options;
    await Promise.all([...round].map((record) => this.#applySettings(record)));
    // The kernel takes neighbours and addresses on a link that is not up yet, and keeps them when it comes up.
    const [neighbourFailures, addressFailures] = await Promise.all([
      neighbours.install(this.#isNotBackingOff),
      addresses.install(this.#isNotBackingOff),
      ...[...round].map((record) => this.#bringUp(record)),
    ]);
    this.#failOwners(neighbourFailures);
    this.#failOwners(addressFailures);
  }

  /** The round was not carried out to its end; its endpoints are looked at again in the next one. */
  reconsider(round: Round): void {
    for (const record of round) this.#touched.add(record.endpoint.instance);
  }

  /** The policy of these endpoints, as planned, is in the kernel, unless `isProgrammed` denies it. */
  policyCommitted(round: Round, compiledAt: number, isProgrammed: (instance: string) => boolean): void {
    const nowMs = this.#options.clock.wallMs();
    for (const record of round) {
      if (!isProgrammed(record.endpoint.instance)) {
        record.committedFingerprint = undefined;
      } else if (record.committedFingerprint !== record.fingerprint) {
        record.committedFingerprint = record.fingerprint;
        record.stages.compiledAt = compiledAt;
        record.stages.policyCommittedAt = nowMs;
      }
    }
  }

  /** Its policy may have gone from the kernel: no further route until it is committed again. */
  policyUncertain(instance: string): void {
    const record = this.#records.get(instance);
    if (record !== undefined) record.committedFingerprint = undefined;
    this.#touched.add(instance);
  }

  async installRoutes(): Promise<void> {
    this.#failOwners(await this.#options.routes.install(this.#mayHaveRoutes));
  }

  /** Last step: what state each endpoint is in now. */
  conclude(round: Round): void {
    const transitions: EndpointTransition[] = [];
    for (const record of new Set([...round, ...this.#failed])) {
      if (this.#records.get(record.endpoint.instance) !== record) continue;
      const before = record.state;
      record.state = this.#stateOf(record);
      if (record.state === before) continue;
      if (record.state === 'up') this.#cameUp(record);
      transitions.push({ before, status: record.status(this.#reasonOf(record)) });
    }
    this.#failed.clear();
    logTransitions(this.#options.logger, transitions);
  }

  /** A route to this address was removed; unless an endpoint has it, its connections are to be forgotten. */
  noteWithdrawn(address: string): void {
    this.#claims.noteWithdrawn(address);
  }

  /** Addresses that are nobody's now, or another's than before: their connections are to be forgotten. */
  takeLostAddresses(): readonly string[] {
    return this.#claims.takeLostAddresses();
  }

  #replace({ instance, endpoint, seenAtMs }: EndpointChange): void {
    const record = this.#records.get(instance);
    if (record !== undefined) this.#claims.remove(record.endpoint);
    if (endpoint === undefined) {
      record?.clearFailure();
      this.#records.delete(instance);
      this.#options.sysctls.forget(instance);
      return;
    }
    const next = record ?? new EndpointRecord(endpoint, seenAtMs);
    next.update(endpoint, seenAtMs);
    if (!next.isOpen) this.#options.sysctls.forget(instance);
    this.#records.set(instance, next);
    this.#claims.add(endpoint);
  }

  #want(record: EndpointRecord): void {
    const { endpoint } = record;
    const isRefused = this.#options.refusalOf(endpoint.instance) !== undefined;
    if (record.isOpen && !isRefused && record.canUse(this.#options.links.get(endpoint.interface))) {
      record.isFoundInPlace = this.#wishes.want(endpoint);
    } else this.#wishes.wantNothing(endpoint.instance);
  }

  async #applySettings(record: EndpointRecord): Promise<void> {
    const link = this.#usableLink(record);
    if (link === undefined || record.preparedFor === record.preparationKey(link)) return;
    const { endpoint } = record;
    const failure = await this.#options.sysctls.apply(endpoint.instance, endpointSettings(endpoint));
    if (failure === undefined) record.preparedFor = record.preparationKey(link);
    else this.#fail(record, failure);
  }

  async #bringUp(record: EndpointRecord): Promise<void> {
    const link = this.#usableLink(record);
    if (link === undefined) return;
    if (!link.up) {
      try {
        await this.#options.linkControl.setUp(link.name);
        this.#options.links.raised(link.name, link.index);
      } catch (error) {
        return this.#fail(record, error instanceof Error ? error.message : String(error));
      }
    }
    record.raisedIndex = link.index;
  }

  /** The link to work on, if there is one and its endpoint may have it. */
  #usableLink(record: EndpointRecord): TrackedLink | undefined {
    const link = this.#options.links.get(record.endpoint.interface);
    return record.isOpen && !record.isBackingOff && record.canUse(link) ? link : undefined;
  }

  readonly #isNotBackingOff = (owner: string): boolean => this.#records.get(owner)?.isBackingOff === false;

  readonly #mayHaveRoutes = (owner: string): boolean => {
    if (owner === GATEWAYS) return true;
    const record = this.#records.get(owner);
    return (
      record?.hasPolicy === true &&
      !record.isBackingOff &&
      this.#isPrepared(record) &&
      this.#wishes.isReadyForRoutes(owner)
    );
  };

  #isPrepared(record: EndpointRecord): boolean {
    const link = this.#options.links.get(record.endpoint.interface);
    return link?.up === true && record.preparedFor === record.preparationKey(link);
  }

  #failOwners(failures: ReadonlyMap<string, string>): void {
    for (const [owner, reason] of failures) {
      const record = this.#records.get(owner);
      if (record === undefined) this.#options.logger.error({ owner, reason }, 'the kernel refused a gateway');
      else this.#fail(record, reason);
    }
  }

  #fail(record: EndpointRecord, reason: string): void {
    const { clock, random, kick, logger } = this.#options;
    const { instance } = record.endpoint;
    const delayMs = record.fail(reason, clock, random, () => {
      this.#touched.add(instance);
      kick();
    });
    this.#failed.add(record);
    logger.warn({ instance, reason, retryInMs: Math.round(delayMs) }, 'endpoint could not be programmed');
  }

  #stateOf(record: EndpointRecord): EndpointState {
    const { instance } = record.endpoint;
    if (!record.isOpen) return 'closed';
    if (this.#options.refusalOf(instance) !== undefined) return 'failed';
    const link = this.#options.links.get(record.endpoint.interface);
    if (!record.canUse(link)) return 'waiting-for-interface';
    if (record.isBackingOff) return 'failed';
    const isIn = this.#mayHaveRoutes(instance) && this.#options.routes.settled(instance);
    if (isIn) record.clearFailure();
    return isIn ? 'up' : 'programming';
  }

  #reasonOf(record: EndpointRecord): string | undefined {
    const { instance, closedReason } = record.endpoint;
    if (closedReason !== undefined) return closedReason;
    if (record.state === 'failed') return this.#options.refusalOf(instance) ?? record.failureReason;
    const link = this.#options.links.get(record.endpoint.interface);
    if (record.state === 'waiting-for-interface' && link !== undefined) return `interface ${link.name} was taken down`;
    return undefined;
  }

  #cameUp(record: EndpointRecord): void {
    const { endpoint, stages } = record;
    if (record.isFoundInPlace) return; // by an agent that starts: nothing was programmed
    const interfaceSeenAt = this.#options.links.get(endpoint.interface)?.seenAtMs ?? stages.manifestSeenAt;
    const routesInstalledAt = this.#options.clock.wallMs();
    record.programmingMs = routesInstalledAt - Math.max(interfaceSeenAt, stages.manifestSeenAt);
    this.#options.onUp({ instance: endpoint.instance, interfaceSeenAt, routesInstalledAt, ...stages });
  }
}
