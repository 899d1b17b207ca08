/**
 * What differs since the last {@link ModelSubscription.take}. Names are `NAMESPACE/NAME` (hosts: `NAME`); each means
 * "look again": the thing may be new, different, or gone.
 */
export interface ModelChanges {
  /** Instances whose resolution may differ, on any host. */
  readonly instances: ReadonlySet<string>;
  /** Groups whose rules differ, or that came or went. */
  readonly securityGroups: ReadonlySet<string>;
  /** Group → member addresses and prefixes that may have come or gone. */
  readonly memberships: ReadonlyMap<string, ReadonlySet<string>>;
  readonly addressGroups: ReadonlySet<string>;
  readonly hosts: ReadonlySet<string>;
  /** The site's prefixes or the interface prefixes may differ. */
  readonly fabric: boolean;
}

/** A consumer's own view of what changed. It starts with everything there is. */
export interface ModelSubscription extends Disposable {
  /** False: the next `take` returns nothing new. */
  readonly pending: boolean;
  /** What changed since the last call; empties it. */
  take(): ModelChanges;
}

/** Collects changes for one consumer. */
export class ChangeCollector {
  #instances = new Set<string>();
  #securityGroups = new Set<string>();
  #memberships = new Map<string, Set<string>>();
  #addressGroups = new Set<string>();
  #hosts = new Set<string>();
  #fabric = false;

  get empty(): boolean {
    return (
      !this.#fabric &&
      this.#instances.size === 0 &&
      this.#securityGroups.size === 0 &&
      this.#memberships.size === 0 &&
      this.#addressGroups.size === 0 &&
      this.#hosts.size === 0
    );
  }

  instance(name: string): void {
    this.#instances.add(name);
  }

  securityGroup(name: string): void {
    this.#securityGroups.add(name);
  }

  membership(group: string, member: string): void {
    const members = this.#memberships.get(group);
    if (members === undefined) this.#memberships.set(group, new Set([member]));
    else members.add(member);
  }

  addressGroup(name: string): void {
    this.#addressGroups.add(name);
  }

  host(name: string): void {
    this.#hosts.add(name);
  }

  fabric(): void {
    this.#fabric = true;
  }

  take(): ModelChanges {
    const taken: ModelChanges = {
      instances: this.#instances,
      securityGroups: this.#securityGroups,
      memberships: this.#memberships,
      addressGroups: this.#addressGroups,
      hosts: this.#hosts,
      fabric: this.#fabric,
    };
    this.#instances = new Set();
    this.#securityGroups = new Set();
    this.#memberships = new Map();
    this.#addressGroups = new Set();
    this.#hosts = new Set();
    this.#fabric = false;
    return taken;
  }
}
