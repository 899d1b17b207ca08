import { type Instance, type LogDrops, type ResourceKey, resolveReference } from '@slash32/shared';
import type { ResolvedPair } from './resolved-instance.ts';
import { compareText, nameOf } from './resource-name.ts';
import { SharedValues } from './shared-values.ts';

/** What an Instance says about its policy. Few different ones among many instances: they share it. */
export interface InstanceProfile {
  /** Name of the Network resource. */
  readonly network: string;
  /** `NAMESPACE/NAME`, in the order of the manifest. */
  readonly groups: readonly string[];
  readonly portSecurity: boolean;
  readonly logDrops: LogDrops | undefined;
}

/**
 * What the model keeps of an Instance. A host knows the instances of all hosts, so this is what decides how much memory
 * an agent takes: no copy of the resource, one object, and texts that others have, too, are the same object.
 */
export interface InstanceRecord {
  /** `NAMESPACE/NAME`. */
  readonly name: string;
  /** Canonical timestamp; `undefined`: not known. */
  readonly createdAt: string | undefined;
  /** Name of the Host resource. */
  readonly host: string;
  readonly interface: string;
  readonly mac: string;
  readonly addresses: readonly string[];
  /** Sorted by prefix and MAC, none twice. */
  readonly pairs: readonly ResolvedPair[];
  readonly profile: InstanceProfile;
}

/** Makes records that share what they have in common. */
export class InstanceRecords {
  readonly #hosts = new SharedValues<string>((host) => host);
  readonly #profiles = new SharedValues<InstanceProfile>(
    ({ network, groups, portSecurity, logDrops }) =>
      `${network} ${portSecurity} ${logDropsIdentity(logDrops)} ${groups.join(' ')}`,
  );

  /** `before`: the record that this one replaces; it is not to be used any more. */
  replace(instance: Instance, before: InstanceRecord | undefined): InstanceRecord {
    const { metadata, spec } = instance;
    const { network, securityGroups, portSecurity, logDrops } = spec;
    const record: InstanceRecord = {
      name: before?.name ?? nameOf(instance),
      createdAt: metadata.creationTimestamp,
      host: this.#hosts.take(spec.host),
      interface: spec.interface,
      mac: spec.mac,
      addresses: spec.addresses,
      pairs: pairsOf(instance),
      profile: this.#profiles.take({
        network,
        groups: securityGroups.map((reference) => resolveReference(reference, metadata.namespace)),
        portSecurity,
        logDrops,
      }),
    };
    if (before !== undefined) this.release(before);
    return record;
  }

  release(record: InstanceRecord): void {
    this.#hosts.giveBack(record.host);
    this.#profiles.giveBack(record.profile);
  }

  /** Nobody has a record. */
  get empty(): boolean {
    return this.#hosts.size === 0 && this.#profiles.size === 0;
  }
}

/** The same text for the same. */
export function logDropsIdentity(logDrops: LogDrops | undefined): string {
  return logDrops === undefined ? '-' : `${logDrops.perSecond}/${logDrops.nflogGroup ?? ''}`;
}

export function instanceKey(record: InstanceRecord): ResourceKey {
  return `Instance/${record.name}`;
}

const NO_PAIRS: readonly ResolvedPair[] = [];

function pairsOf({ spec }: Instance): readonly ResolvedPair[] {
  if (spec.allowedAddressPairs.length === 0) return NO_PAIRS;
  const pairs = new Map<string, ResolvedPair>();
  for (const { cidr, mac = spec.mac } of spec.allowedAddressPairs) {
    pairs.set(`${cidr} ${mac}`, { prefix: cidr, mac });
  }
  return [...pairs.values()].sort(
    (left, right) => compareText(left.prefix, right.prefix) || compareText(left.mac, right.mac),
  );
}
