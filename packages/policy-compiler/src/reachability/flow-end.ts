import type { AddressFamily } from '@slash32/shared';
import type { OpenInstance } from '../model/resolved-instance.ts';
import type { AddressAtom } from './address-atoms.ts';
import type { AddressSet } from './address-set.ts';
import type { PolicyClass } from './policy-class.ts';

/** An open instance, `NAMESPACE/NAME`, or all addresses that are no instance's. */
export type FlowEnd = string | typeof OUTSIDE;
export const OUTSIDE = Symbol('outside');

/** Some addresses of an instance that no remote tells apart, under the policy of the instance. */
export interface Spot {
  readonly policy: PolicyClass;
  readonly atom: AddressAtom;
  /** One per class and atom: what is known about a spot is known of all instances there. */
  readonly id: number;
  readonly addresses: AddressSet;
}

export interface FamilyEnd {
  /** Own addresses and allowed address pairs: what it may send from. */
  readonly sources: readonly Spot[];
  readonly sourceAddresses: AddressSet;
  /** Own addresses: what is routed to it. */
  readonly destinations: readonly Spot[];
  readonly own: AddressSet;
  /** Its gateways and its host's addresses: what it sends there, the host judges, not its groups. */
  readonly hostAddresses: AddressSet;
}

/** By address family. */
export type RoleSample = Readonly<Record<AddressFamily, FamilyEnd>>;

/** Instances in the same spots: they have flows with the same others. */
export interface Role {
  readonly names: string[];
  /** Of any of them. */
  readonly sample: RoleSample;
  partners: readonly string[] | undefined;
}

/** What is known of an instance as an end of flows. */
export interface InstanceEnd {
  readonly instance: OpenInstance;
  readonly policy: PolicyClass;
  readonly families: RoleSample;
  readonly role: Role;
}
