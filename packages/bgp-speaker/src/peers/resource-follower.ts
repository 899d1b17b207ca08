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
} from '@slash32/shared';
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

/**
 * The speaker's part of the datastore, followed for as long as the speaker lives. While the datastore is lost, and until
 * a new watch is in sync, what was last known stays.
 */
export class ResourceFollower {
  readonly #options: ResourceFollowerOptions;
  readonly #backoff: Backoff;
  #known = new Map<ResourceKey, SpeakerResource>();
  /** What a watch that is not in sync yet has delivered. */
  #incoming: Map<ResourceKey, SpeakerResource> | undefined;
  #problems: readonly DatastoreProblem[] = [];
  #inSync = false;

  constructor(options: ResourceFollowerOptions) {
    this.#options = options;
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
    const { datastore, clock, logger } = this.#options;
    await followDatastore(
      datastore,
      {
        onBegin: () => {
          this.#incoming = new Map();
        },
        onEvents: (events) => this.#take(events),
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
          if (!this.#concerns(event.entry.resource)) {
            // Another host may have had blocks before.
            changed = target.delete(event.entry.key) || changed;
            break;
          }
          target.set(event.entry.key, event.entry.resource);
          changed = true;
          break;
        case 'delete':
          changed = target.delete(event.key) || changed;
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
    if (changed && this.#incoming === undefined) this.#options.onResources(this.#resources());
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
    for (const resource of this.#known.values()) {
      if (resource.kind === 'BGPPeer') peers.set(resource.metadata.name, resource);
      else if (resource.kind === 'RoutePolicy') policies.set(resource.metadata.name, resource);
      else if (resource.kind === 'Host') {
        if (resource.metadata.name === this.#options.host) host = resource;
        else otherHosts.push(resource);
      } else configuration = resource;
    }
    return {
      ...(configuration === undefined ? {} : { configuration }),
      ...(host === undefined ? {} : { host }),
      otherHosts,
      peers,
      policies,
    };
  }
}
