import { type AddressFamily, type IpPrefix, type NftSet, parseIpPrefix } from '@slash32/shared';
import { concatenation, prefixElement } from '../ir/element-text.ts';
import { maximalPrefixes } from '../ir/maximal-prefixes.ts';
import { sharedSetName } from '../ir/names.ts';
import type { FabricModel } from '../model/fabric-model.ts';
import { ANY_PROTOCOL } from './rule-boxes.ts';

/** A set that rules of groups look up but that belongs to all groups together. */
export interface SetReference {
  /** `members`: single addresses; `member-prefixes`: allowed address pairs wider than that. */
  readonly kind: 'members' | 'member-prefixes' | 'address-group';
  /** `NAMESPACE/NAME`. */
  readonly name: string;
  readonly family: AddressFamily;
}

const ADDRESS_TYPE: Readonly<Record<AddressFamily, string>> = { 4: 'ipv4_addr', 6: 'ipv6_addr' };

/** The same text for the same set. */
export function referenceId({ kind, name, family }: SetReference): string {
  return `${kind} ${name} ${family}`;
}

/** The set with what the model has for it now. */
export function sharedSet(reference: SetReference, model: FabricModel): NftSet {
  const { kind, name, family } = reference;
  const setName = sharedSetName(kind, name, family);
  switch (kind) {
    case 'members': {
      const addresses = [...model.membersOf(name).addresses.keys()].filter((address) => isOf(family, address));
      const elements = new Map(addresses.map((address) => [address, '']));
      return { name: setName, type: ADDRESS_TYPE[family], interval: false, elements };
    }
    case 'member-prefixes':
      return prefixSet(setName, family, prefixesOf(family, model.membersOf(name).prefixes.keys()));
    case 'address-group':
      return prefixSet(setName, family, prefixesOf(family, model.addressGroup(name)?.spec.cidrs ?? []));
  }
}

/** True if the group's members have allowed address pairs of more than one address. */
export function hasMemberPrefixes(model: FabricModel, group: string, family: AddressFamily): boolean {
  for (const prefix of model.membersOf(group).prefixes.keys()) if (isOf(family, prefix)) return true;
  return false;
}

/** Address or prefix text. */
export function isOf(family: AddressFamily, text: string): boolean {
  return text.includes(':') === (family === 6);
}

/** `prefixes`: of this family. */
function prefixSet(name: string, family: AddressFamily, prefixes: Iterable<IpPrefix>): NftSet {
  return {
    name,
    type: concatenation('inet_proto', ADDRESS_TYPE[family]),
    interval: true,
    elements: new Map(
      maximalPrefixes(prefixes).map((prefix) => [concatenation(ANY_PROTOCOL, prefixElement(prefix)), '']),
    ),
  };
}

function prefixesOf(family: AddressFamily, cidrs: Iterable<string>): IpPrefix[] {
  const prefixes: IpPrefix[] = [];
  for (const cidr of cidrs) if (isOf(family, cidr)) prefixes.push(parseIpPrefix(cidr));
  return prefixes;
}
