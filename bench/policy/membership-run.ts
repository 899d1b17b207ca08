import type { FabricShape } from './large-fabric.ts';
import type { Commit } from './program-host.ts';

export interface MembershipSettings extends FabricShape {
  /** How often a member joins and leaves. */
  readonly samples: number;
}

/** One commit each per member, on another host, that joined or left. */
export interface MembershipResult {
  readonly joined: readonly Commit[];
  readonly left: readonly Commit[];
}
