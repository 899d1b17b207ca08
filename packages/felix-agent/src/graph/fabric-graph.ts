import { FabricModel, type ModelSubscription, type ResolvedInstance } from '@slash32/policy-compiler';
import type { DatastoreEvent, DatastoreProblem, ResourceKey } from '@slash32/shared';
import { keyOf } from '@slash32/shared';
import { endpointFingerprint, type LocalEndpoint } from './local-endpoint.ts';

/** An endpoint that is new, different, or gone. */
export interface EndpointChange {
  readonly instance: string;
  /** Wall clock, when the first event of what this change comes from arrived. */
  readonly seenAtMs: number;
  /** Absent: no Instance of this name is on this host any more. */
  readonly endpoint?: LocalEndpoint;
}

/**
 *   datastore events ──► FabricModel ──► HostPolicyCompiler (a subscription of its own)
 *                            │
 *                            └────────► endpoints of this host that changed ──► dataplane
 *
 * Glue: puts what the datastore says into the model, and tells which of this host's endpoints came out different.
 * The result depends on the present resources only.
 */
export class FabricGraph {
  readonly model = new FabricModel();
  readonly host: string;
  readonly #subscription: ModelSubscription;
  readonly #endpoints = new Map<string, { readonly endpoint: LocalEndpoint; readonly fingerprint: string }>();
  #keys = new Set<ResourceKey>();
  /** Keys seen by a watch that is not in sync yet; what it leaves out has gone. */
  #seen: Set<ResourceKey> | undefined;
  #pendingSinceMs: number | undefined;
  #problems: readonly DatastoreProblem[] = [];

  constructor(host: string) {
    this.host = host;
    this.#subscription = this.model.subscribe();
  }

  get problems(): readonly DatastoreProblem[] {
    return this.#problems;
  }

  /** A new watch begins; everything that exists will be delivered again. Until it is in sync, nothing is removed. */
  beginWatch(): void {
    this.#seen = new Set();
  }

  /** Takes one batch of the datastore, which arrived at `seenAtMs`. Returns true if it made the graph in sync. */
  apply(events: readonly DatastoreEvent[], seenAtMs: number): boolean {
    this.#pendingSinceMs ??= seenAtMs;
    let becameInSync = false;
    for (const event of events) {
      switch (event.type) {
        case 'put': {
          const key = keyOf(event.entry.resource);
          this.model.put(event.entry.resource);
          this.#keys.add(key);
          this.#seen?.add(key);
          break;
        }
        case 'delete':
          this.model.delete(event.key);
          this.#keys.delete(event.key);
          this.#seen?.delete(event.key);
          break;
        case 'problems':
          this.#problems = event.problems;
          break;
        case 'in-sync':
          this.#removeUnseen();
          becameInSync = true;
          break;
        default:
          event satisfies never;
      }
    }
    return becameInSync;
  }

  /** Endpoints of this host that differ since the last call. */
  takeEndpointChanges(nowMs: number): readonly EndpointChange[] {
    const seenAtMs = this.#pendingSinceMs ?? nowMs;
    this.#pendingSinceMs = undefined;
    const changes: EndpointChange[] = [];
    for (const instance of this.#subscription.take().instances) {
      const resolved = this.model.instance(instance);
      const before = this.#endpoints.get(instance);
      if (resolved === undefined || resolved.host !== this.host) {
        if (before === undefined) continue;
        this.#endpoints.delete(instance);
        changes.push({ instance, seenAtMs });
        continue;
      }
      const endpoint = localEndpoint(resolved);
      const fingerprint = endpointFingerprint(endpoint);
      this.#endpoints.set(instance, { endpoint, fingerprint });
      if (before?.fingerprint !== fingerprint || before.endpoint.closedReason !== endpoint.closedReason) {
        changes.push({ instance, seenAtMs, endpoint });
      }
    }
    return changes;
  }

  #removeUnseen(): void {
    const seen = this.#seen;
    this.#seen = undefined;
    if (seen === undefined) return;
    for (const key of this.#keys) if (!seen.has(key)) this.model.delete(key);
    this.#keys = seen;
  }
}

function localEndpoint(resolved: ResolvedInstance): LocalEndpoint {
  const { name, mac, addresses } = resolved;
  const base = { instance: name, interface: resolved.interface, mac, addresses };
  return resolved.state === 'open'
    ? { ...base, gateways: resolved.gateways, sendsFromElsewhere: resolved.pairs.length > 0 || !resolved.portSecurity }
    : { ...base, gateways: [], sendsFromElsewhere: false, closedReason: resolved.reason };
}
