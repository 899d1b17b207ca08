import type { FabricModel } from '@slash32/policy-compiler';
import {
  type AddressFamily,
  type IpPrefix,
  prefixContains,
  type Resource,
  tryParseIpAddress,
  tryParseIpPrefix,
} from '@slash32/shared';

/** Second halves vary, so that some address is left whatever a fabric names. */
const CANDIDATES: Readonly<Record<AddressFamily, readonly string[]>> = {
  4: [...Array(223).keys()]
    .filter((octet) => ![0, 10, 127, 169, 172, 192].includes(octet))
    .map((octet) => `${octet}.113.57.9`),
  6: [...Array(256).keys()].map((index) => `2a${index.toString(16).padStart(2, '0')}:57:9::1`),
};

/**
 * An address that stands for "some host of the internet": outside the site, and inside no prefix (but the default
 * ones) that any rule, group or resource names. `undefined` if they name the whole family.
 */
export function internetAddress(
  model: FabricModel,
  resources: readonly Resource[],
  family: AddressFamily,
): string | undefined {
  const named = [...model.sitePrefixes(), ...resources.flatMap(namedPrefixes)];
  return CANDIDATES[family].find((text) => {
    const address = tryParseIpAddress(text);
    return address !== undefined && !named.some((prefix) => prefixContains(prefix, address));
  });
}

function namedPrefixes(resource: Resource): readonly IpPrefix[] {
  switch (resource.kind) {
    case 'SecurityGroup':
      return resource.spec.rules.flatMap(({ remote }) => prefixOf(remote?.cidr));
    case 'AddressGroup':
      return resource.spec.cidrs.flatMap(prefixOf);
    case 'Instance':
      return resource.spec.allowedAddressPairs.flatMap(({ cidr }) => prefixOf(cidr));
    case 'Host':
      return [resource.spec.address, resource.spec.address6].flatMap(prefixOf);
    case 'BGPPeer':
      return prefixOf(resource.spec.address);
    case 'Network':
    case 'FabricConfiguration':
    case 'RoutePolicy':
      return [];
  }
}

/** Prefixes so wide that they mean "anybody" are no names. */
function prefixOf(text: string | undefined): readonly IpPrefix[] {
  const prefix = text === undefined ? undefined : tryParseIpPrefix(text);
  return prefix === undefined || prefix.length === 0 ? [] : [prefix];
}
