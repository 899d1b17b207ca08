import {
  Backoff,
  type BGPPeer,
  type Clock,
  type Datastore,
  type DatastoreEvent,
  type DatastoreProblem,
  type FabricConfiguration,
  followDatastore,
  type Host,
  isReachable,
  type Logger,
  type Resource,
  type ResourceKey,
  type RoutePolicy,
  resourceKey,
} from '@slash32/shared';
import { InstancesElsewhere } from './instances-elsewhere.ts';
import type { SpeakerResources } from './peer-plan.ts';

export interface ResourceFollowerOptions {
  readonly host: string;
  readonly datastore: Datastore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Called when everything is known for the first time, then after each batch that concerns the speaker. */
  readonly onResources: (resources: SpeakerResources) => void;
}

type SpeakerResource = FabricConfiguration | Host | BGPPeer | RoutePolicy;

/** What a watch has delivered. */
interface Knowledge {
  readonly resources: Map<ResourceKey, SpeakerResource>;
  readonly elsewhere: InstancesElsewhere;
}

/**
 * The speaker's part of the datastore, followed for as long as the speaker lives. While the datastore is lost, and until
 * a new watch is in sync, what was last known stays.
 */
export class ResourceFollower {
  readonly #options: ResourceFollowerOptions;
  readonly #backoff: Backoff;
  #known: Knowledge;
  /** What a watch that is not in sync yet has delivered. */
  #incoming: Knowledge | undefined;
  /** Ends the present watch, for another one. */
  #round = new AbortController();
  #problems: readonly DatastoreProblem[] = [];
  #inSync = false;

  constructor(options: ResourceFollowerOptions) {
    this.#options = options;
    this.#known = { resources: new Map(), elsewhere: new InstancesElsewhere(options.host, undefined) };
    this.#backoff = new Backoff({ initialMs: 200, maxMs: 10_000, random: options.random });
  }

  /** True if what is known is what the datastore says now. */
  get inSync(): boolean {
    return this.#inSync && isReachable(this.#problems);
  }

  get problems(): readonly DatastoreProblem[] {
    return this.#problems;
  }

  /** Ends when `signal` aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#round = new AbortController();
      await this.#watch(AbortSignal.any([signal, this.#round.signal]));
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { datastore, clock, logger, host } = this.#options;
    await followDatastore(
      datastore,
      {
        onBegin: () => {
          this.#incoming = { resources: new Map(), elsewhere: new InstancesElsewhere(host, this.#ownHost()) };
        },
        onEvents: (events) => {
          if (!signal.aborted) this.#take(events);
        },
        onLost: () => {
          this.#inSync = false;
        },
      },
      { clock, logger, backoff: this.#backoff },
      signal,
    );
  }

  #take(events: readonly DatastoreEvent[]): void {
    let changed = false;
    for (const event of events) {
      const target = this.#incoming ?? this.#known;
      switch (event.type) {
        case 'put':
          changed = this.#put(target, event.entry.key, event.entry.resource) || changed;
          break;
        case 'delete':
          changed = target.elsewhere.delete(event.key) || changed;
          changed = target.resources.delete(event.key) || changed;
          break;
        case 'problems':
          this.#problems = event.problems;
          break;
        case 'in-sync':
          if (this.#incoming !== undefined) this.#known = this.#incoming;
          this.#incoming = undefined;
          this.#inSync = true;
          changed = true;
          break;
      }
    }
    if (!changed || this.#incoming !== undefined) return;
    this.#options.onResources(this.#resources());
    // The instances that other blocks are held against have gone by: all is to be seen once more.
    if (this.#known.elsewhere.needs(this.#ownHost())) this.#round.abort();
  }

  /** True if that changed anything. */
  #put(target: Knowledge, key: ResourceKey, resource: Resource): boolean {
    if (resource.kind === 'Instance') return target.elsewhere.put(key, resource);
    // Another host may have had blocks before.
    if (!this.#concerns(resource)) return target.resources.delete(key);
    target.resources.set(key, resource);
    return true;
  }

  #ownHost(): Host | undefined {
    const own = this.#known.resources.get(resourceKey('Host', undefined, this.#options.host));
    return own?.kind === 'Host' ? own : undefined;
  }

  /** Of other hosts, those with address blocks: they must not be ours as well. */
  #concerns(resource: Resource): resource is SpeakerResource {
    return (
      resource.kind === 'FabricConfiguration' ||
      resource.kind === 'BGPPeer' ||
      resource.kind === 'RoutePolicy' ||
      (resource.kind === 'Host' && (resource.metadata.name === this.#options.host || resource.spec.blocks.length > 0))
    );
  }

  #resources(): SpeakerResources {
    let configuration: FabricConfiguration | undefined;
    let host: Host | undefined;
    const otherHosts: Host[] = [];
    const peers = new Map<string, BGPPeer>();
    const policies = new Map<string, RoutePolicy>();
    for (const resource of this.#known.resources.values()) {
      if (resource.kind === 'BGPPeer') peers.set(resource.metadata.name, resource);
      else if (resource.kind === 'RoutePolicy') policies.set(resource.metadata.name, resource);
      else if (resource.kind === 'Host') {
        if (resource.metadata.name === this.#options.host) host = resource;
        else otherHosts.push(resource);
      } else configuration = resource;
    }
    const { elsewhere } = this.#known;
    return {
      ...(configuration === undefined ? {} : { configuration }),
      ...(host === undefined ? {} : { host }),
      otherHosts,
      ...(elsewhere.needs(host) ? {} : { elsewhere: elsewhere.addresses() }),
      peers,
      policies,
    };
  }
}
