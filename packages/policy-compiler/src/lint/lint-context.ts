import {
  type AddressFamily,
  type AddressGroup,
  type Instance,
  keyOf,
  parseIpAddress,
  type Resource,
  type ResourceKey,
  resolveReference,
  type SecurityGroup,
  type SecurityGroupRule,
} from '@slash32/shared';
import type { FabricModel } from '../model/fabric-model.ts';
import { MultiMap } from '../model/multi-map.ts';
import type { OpenInstance } from '../model/resolved-instance.ts';
import { nameOf } from '../model/resource-name.ts';
import type { AddressSet } from '../reachability/address-set.ts';
import { compare } from '../reachability/interval-set.ts';
import { type RemoteKey, remoteAddresses, remoteKey } from '../reachability/remotes.ts';
import { ruleServices, type ServiceSet } from '../reachability/services.ts';

/** A rule of a group, as sets. */
export interface LintRule {
  readonly index: number;
  /** `spec.rules[2]`. */
  readonly path: string;
  readonly rule: SecurityGroupRule;
  readonly family: AddressFamily;
  readonly remote: RemoteKey;
  /** What the remote stands for now. */
  readonly addresses: AddressSet;
  readonly services: ServiceSet;
}

export interface LintGroup {
  readonly resource: SecurityGroup;
  /** `NAMESPACE/NAME`. */
  readonly name: string;
  readonly key: ResourceKey;
  readonly rules: readonly LintRule[];
}

/** What the checks look at: every resource, and what refers to what. */
export class LintContext {
  readonly model: FabricModel;
  readonly instances: readonly Instance[];
  readonly addressGroups: readonly AddressGroup[];
  readonly groups: readonly LintGroup[];
  /** Group → instances that list it, open or not. */
  readonly listedBy = new MultiMap<string, string>();
  /** Group → open instances that it filters. */
  readonly members = new MultiMap<string, OpenInstance>();
  /** {@link RemoteKey}s of all rules. */
  readonly remotes: ReadonlySet<RemoteKey>;
  readonly #byName: ReadonlyMap<string, LintGroup>;
  /** Addresses of open instances, sorted. */
  readonly #owners: Readonly<Record<AddressFamily, { readonly address: bigint; readonly name: string }[]>> = {
    4: [],
    6: [],
  };

  /** `model` is of `resources`. */
  constructor(model: FabricModel, resources: readonly Resource[]) {
    this.model = model;
    this.instances = resources.filter((resource) => resource.kind === 'Instance');
    this.addressGroups = resources.filter((resource) => resource.kind === 'AddressGroup');
    this.groups = resources.filter((resource) => resource.kind === 'SecurityGroup').map((some) => this.#group(some));
    this.#byName = new Map(this.groups.map((group) => [group.name, group]));
    this.remotes = new Set(this.groups.flatMap(({ rules }) => rules.map(({ remote }) => remote)));
    for (const instance of this.instances) {
      for (const reference of instance.spec.securityGroups) {
        this.listedBy.add(resolveReference(reference, instance.metadata.namespace), nameOf(instance));
      }
    }
    for (const instance of model.instances()) {
      if (instance.state !== 'open') continue;
      for (const group of instance.groups) this.members.add(group, instance);
      for (const text of instance.addresses) {
        const { family, value: address } = parseIpAddress(text);
        this.#owners[family].push({ address, name: instance.name });
      }
    }
    for (const family of [4, 6] as const) this.#owners[family].sort((a, b) => compare(a.address, b.address));
  }

  group(name: string): LintGroup | undefined {
    return this.#byName.get(name);
  }

  /** Names of the open instances that have an address of the set, sorted. */
  ownersIn(addresses: AddressSet, family: AddressFamily): readonly string[] {
    const owners = this.#owners[family];
    const names = new Set<string>();
    for (const { first, last } of addresses.intervals) {
      let low = 0;
      let high = owners.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((owners[middle]?.address ?? 0n) < first) low = middle + 1;
        else high = middle;
      }
      for (let index = low; index < owners.length; index += 1) {
        const owner = owners[index];
        if (owner === undefined || owner.address > last) break;
        names.add(owner.name);
      }
    }
    return [...names].sort();
  }

  #group(resource: SecurityGroup): LintGroup {
    const { namespace } = resource.metadata;
    const rules = resource.spec.rules.map((rule, index): LintRule => {
      const family = rule.ethertype === 'IPv4' ? 4 : 6;
      return {
        index,
        path: `spec.rules[${index}]`,
        rule,
        family,
        remote: remoteKey(rule.remote, namespace),
        addresses: remoteAddresses(this.model, rule.remote, namespace, family),
        services: ruleServices(rule),
      };
    });
    return { resource, name: nameOf(resource), key: keyOf(resource), rules };
  }
}
