import { type AddressFamily, formatIpPrefix, resolveReference, type SecurityGroupRule } from '@slash32/shared';
import type { FabricModel } from '../model/fabric-model.ts';
import { AddressAtoms } from './address-atoms.ts';
import { type AddressSet, addressSet } from './address-set.ts';

/** What a rule's remote is called, the same before and after what is in it changes: `group t/web`. */
export type RemoteKey = string;

export const ANYBODY: RemoteKey = 'anybody';
export const SITE: RemoteKey = 'site';

/** `namespace`: of the rule's group. */
export function remoteKey(remote: SecurityGroupRule['remote'], namespace: string): RemoteKey {
  if (remote?.cidr !== undefined) return `cidr ${remote.cidr}`;
  if (remote?.addressGroup !== undefined) return `address group ${resolveReference(remote.addressGroup, namespace)}`;
  return remote?.group === undefined ? ANYBODY : `group ${resolveReference(remote.group, namespace)}`;
}

/** The addresses that a remote of a rule in `namespace` stands for now. */
export function remoteAddresses(
  model: FabricModel,
  remote: SecurityGroupRule['remote'],
  namespace: string,
  family: AddressFamily,
): AddressSet {
  if (remote?.cidr !== undefined) return addressSet([remote.cidr], family);
  if (remote?.addressGroup !== undefined) {
    const group = model.addressGroup(resolveReference(remote.addressGroup, namespace));
    return addressSet(group?.spec.cidrs ?? [], family);
  }
  if (remote?.group === undefined) return addressSet([family === 4 ? '0.0.0.0/0' : '::/0'], family);
  const members = model.membersOf(resolveReference(remote.group, namespace));
  return addressSet([...members.addresses.keys(), ...members.prefixes.keys()], family);
}

/** The site's prefixes as addresses. */
export function siteAddresses(model: FabricModel, family: AddressFamily): AddressSet {
  return addressSet(model.sitePrefixes().map(formatIpPrefix), family);
}

/** Collects the remotes of all rules in use, then cuts the address space by them. */
export class RemoteTable {
  readonly keys: RemoteKey[] = [];
  readonly #indexes = new Map<RemoteKey, number>();
  readonly #sets: Readonly<Record<AddressFamily, AddressSet[]>> = { 4: [], 6: [] };
  readonly #model: FabricModel;

  constructor(model: FabricModel) {
    this.#model = model;
    this.#add(SITE, (family) => siteAddresses(model, family));
  }

  /** The index of a remote; `undefined` for anybody. */
  indexOf(remote: SecurityGroupRule['remote'], namespace: string): number | undefined {
    const key = remoteKey(remote, namespace);
    if (key === ANYBODY) return undefined;
    return (
      this.#indexes.get(key) ?? this.#add(key, (family) => remoteAddresses(this.#model, remote, namespace, family))
    );
  }

  atoms(family: AddressFamily): AddressAtoms {
    return new AddressAtoms(family, this.#sets[family]);
  }

  #add(key: RemoteKey, addresses: (family: AddressFamily) => AddressSet): number {
    const index = this.keys.length;
    this.keys.push(key);
    this.#indexes.set(key, index);
    for (const family of [4, 6] as const) this.#sets[family].push(addresses(family));
    return index;
  }
}

/** {@link RemoteTable} gives the site this index. */
export const SITE_INDEX = 0;
