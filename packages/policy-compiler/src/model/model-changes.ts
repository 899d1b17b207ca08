/**
 * What differs since the last {@link ModelSubscription.take}. Names are `NAMESPACE/NAME` (hosts: `NAME`); each means
 * "look again": the thing may be new, different, or gone.
 */
export interface ModelChanges {
  /** Instances whose resolution may differ, on any host. */
  readonly instances: ReadonlySet<string>;
  /** Groups whose rules differ, or that came or went. */
  readonly securityGroups: ReadonlySet<string>;
  /** Groups whose member addresses differ. */
  readonly memberships: ReadonlySet<string>;
  readonly addressGroups: ReadonlySet<string>;
  readonly hosts: ReadonlySet<string>;
  /** The site's prefixes or the interface prefixes differ. */
  readonly fabric: boolean;
}

/** A consumer's own view of what changed. It starts with everything there is. */
export interface ModelSubscription extends Disposable {
  readonly pending: boolean;
  /** What changed since the last call; empties it. */
  take(): ModelChanges;
}
