import { parseIpPrefix, prefixContains } from '@slash32/shared';
import {
  asPathContains,
  ipv4KeyAddress,
  type NextHop,
  type PathAttributes,
  type PrefixKey,
  prefixKeyToText,
} from '../codec/index.ts';

/**
 * Why a route is refused; `undefined`: accepted. Split in two because the first is the same for a whole UPDATE.
 * `nextHopKey` is the host prefix of the next hop.
 */
export interface ImportPolicy {
  ofPath(attributes: PathAttributes, nextHop: NextHop): string | undefined;
  ofPrefix(key: PrefixKey, nextHopKey: PrefixKey): string | undefined;
}

export interface ImportPolicySettings {
  readonly localAsNumber: number;
  /** Dotted quad. */
  readonly localRouterId: string;
  /** True if the address is one of this host's own. */
  readonly isOwnAddress: (address: string) => boolean;
}

/** Prefixes that no router may give us, nor anything more specific (RFC 6890, RFC 5735, RFC 4291). */
const MARTIANS = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/16',
  'fe80::/10',
  'ff00::/8',
].map(parseIpPrefix);

/**
 * The built-in import policy: all unicast routes, but those with our own AS in AS_PATH (9.1.2), our own router id or
 * next hop (5.1.3), a reflection loop (RFC 4456 8) or a martian prefix. A prefix of an instance on this host needs no
 * rule: the local route wins the decision while it exists, and the learned one waits.
 */
export function builtInImportPolicy(settings: ImportPolicySettings): ImportPolicy {
  return {
    ofPath(attributes, nextHop) {
      if (asPathContains(attributes.asPath, settings.localAsNumber))
        return `AS_PATH contains our own AS ${settings.localAsNumber}`;
      if (attributes.originatorId === settings.localRouterId) return 'ORIGINATOR_ID is our own router id';
      if (attributes.clusterList?.includes(settings.localRouterId)) return 'CLUSTER_LIST contains our own router id';
      if (settings.isOwnAddress(nextHop.address)) return `NEXT_HOP ${nextHop.address} is our own address`;
      return undefined;
    },
    ofPrefix(key, nextHopKey) {
      // Once installed, the kernel could no longer tell how to reach the next hop of anything.
      if (key === nextHopKey) return 'is its own next hop';
      return isMartian(key) ? 'martian prefix' : undefined;
    },
  };
}

/** Cheap tests on the first octets come first: this runs for every prefix of a table. */
export function isMartian(key: PrefixKey): boolean {
  if (typeof key === 'number') {
    const firstOctet = ipv4KeyAddress(key) >>> 24;
    if (firstOctet !== 0 && firstOctet !== 127 && firstOctet !== 169 && firstOctet < 224) return false;
  } else {
    const firstOctet = key.charCodeAt(1);
    if (firstOctet !== 0 && firstOctet < 0xfe) return false;
  }
  const prefix = parseIpPrefix(prefixKeyToText(key));
  return MARTIANS.some((martian) => prefixContains(martian, prefix));
}
