import type { AddressFamily, NftSet } from '@slash32/shared';
import { concatenation } from '../ir/element-text.ts';
import type { Direction } from '../ir/names.ts';
import type { FabricModel } from '../model/fabric-model.ts';
import { MultiMap } from '../model/multi-map.ts';
import type { ProgramStore } from './program-store.ts';
import { isOf } from './shared-sets.ts';
import { INET_TABLE } from './tables.ts';

/**
 * A set of one group whose elements are members of many remote groups, each with a service that it may use:
 * `5432 . 10.1.0.11`. One lookup, however many groups the rules name; a member is one element per service.
 */
export interface ServiceSet {
  readonly name: string;
  readonly type: string;
  readonly family: AddressFamily;
  /** Whose rules these are. */
  readonly group: string;
  readonly direction: Direction;
  /** Remote group → its services, as they stand before the address; `''`: the rule says which, the element is the address. */
  readonly services: ReadonlyMap<string, readonly string[]>;
}

/** The service sets of the program, and which members' comings and goings they follow. */
export class ServiceSets {
  readonly #store: ProgramStore;
  readonly #model: FabricModel;
  readonly #sets = new Map<string, ServiceSet>();
  readonly #byRemote = new MultiMap<string, ServiceSet>();

  constructor(store: ProgramStore, model: FabricModel) {
    this.#store = store;
    this.#model = model;
  }

  /** Makes the set, or what it holds, as it is to be. */
  put(set: ServiceSet): void {
    this.#forget(set.name);
    this.#sets.set(set.name, set);
    for (const remote of set.services.keys()) this.#byRemote.add(remoteId(remote, set.family), set);
    this.#store.replaceSet(INET_TABLE, this.#filled(set));
  }

  drop(name: string): void {
    this.#forget(name);
    this.#store.deleteSet(INET_TABLE, name);
  }

  /** Sets that members of a group are in. */
  following(remote: string, family: AddressFamily): Iterable<ServiceSet> {
    return this.#byRemote.get(remoteId(remote, family));
  }

  /** `members`: addresses of the group that may have come or gone. */
  membersChanged(remote: string, family: AddressFamily, members: Iterable<string>): void {
    const sets = [...this.following(remote, family)];
    if (sets.length === 0) return;
    const present = this.#model.membersOf(remote).addresses;
    for (const member of members) {
      if (!isOf(family, member) || member.includes('/')) continue;
      for (const set of sets) {
        for (const service of set.services.get(remote) ?? []) {
          const key = elementOf(service, member);
          if (present.has(member) || this.#others(set, service, member)) {
            this.#store.putElement(INET_TABLE, set.name, key, '');
          } else {
            this.#store.deleteElement(INET_TABLE, set.name, key);
          }
        }
      }
    }
  }

  /** The address has the service as a member of another group. */
  #others({ services }: ServiceSet, service: string, member: string): boolean {
    for (const [remote, its] of services) {
      if (its.includes(service) && this.#model.membersOf(remote).addresses.has(member)) return true;
    }
    return false;
  }

  #filled({ name, type, family, services }: ServiceSet): NftSet {
    const elements = new Map<string, string>();
    for (const [remote, its] of services) {
      for (const address of this.#model.membersOf(remote).addresses.keys()) {
        if (isOf(family, address)) for (const service of its) elements.set(elementOf(service, address), '');
      }
    }
    return { name, type, interval: false, elements };
  }

  #forget(name: string): void {
    const set = this.#sets.get(name);
    if (set === undefined) return;
    this.#sets.delete(name);
    for (const remote of set.services.keys()) this.#byRemote.remove(remoteId(remote, set.family), set);
  }
}

function elementOf(service: string, address: string): string {
  return service === '' ? address : concatenation(service, address);
}

function remoteId(remote: string, family: AddressFamily): string {
  return `${family} ${remote}`;
}
