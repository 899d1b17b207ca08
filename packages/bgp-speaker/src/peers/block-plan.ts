import {
  blockOverlapFindings,
  type Host,
  parseIpAddress,
  parseIpPrefix,
  prefixContains,
  type ResourceFinding,
} from '@slash32/shared';
import type { PeerSettings } from './peer-settings.ts';

/** A block that is announced as a whole. */
export interface PlannedBlock {
  /** Canonical prefix text. */
  readonly prefix: string;
  /** Canonical texts of its addresses that instances on other hosts have. */
  readonly elsewhere: readonly string[];
}

export interface BlockPlan {
  readonly blocks: readonly PlannedBlock[];
  readonly findings: readonly ResourceFinding[];
}

/** Each costs some routes in the kernel. */
const MAX_ELSEWHERE = 256;

/**
 * The address blocks of a host that may be announced as a whole. Fail closed: a block that another Host has too, or a part
 * of, is none; nor is one with an address in it that this host needs for itself, since what is unused in a block is
 * unreachable. `elsewhere`: addresses of instances on other hosts, of this host's blocks or any.
 */
export function planBlocks(
  host: Host,
  others: Iterable<Host>,
  peers: Iterable<PeerSettings>,
  elsewhere: readonly string[] = [],
): BlockPlan {
  const { blocks } = host.spec;
  if (blocks.length === 0) return { blocks: [], findings: [] };
  const underlay = underlayAddresses(host, peers);
  const overlaps = new Map(blockOverlapFindings(host, others).map((finding) => [finding.path, finding]));
  const away = elsewhere.map((text) => ({ text, address: parseIpAddress(text) }));
  const planned: PlannedBlock[] = [];
  const findings: ResourceFinding[] = [];
  for (const [index, text] of blocks.entries()) {
    const prefix = parseIpPrefix(text);
    const path = `spec.blocks[${index}]`;
    const used = underlay.find(({ address }) => prefixContains(prefix, parseIpAddress(address)));
    const overlap = overlaps.get(path);
    if (used !== undefined) {
      findings.push({
        code: 'host.block-underlay',
        resource: `Host/${host.metadata.name}`,
        path,
        severity: 'error',
        message: `${text} has ${used.address} in it, ${used.what}; give a block of instances only`,
      });
    } else if (overlap !== undefined) findings.push(overlap);
    else {
      const moved = away.filter(({ address }) => prefixContains(prefix, address));
      if (moved.length <= MAX_ELSEWHERE) planned.push({ prefix: text, elsewhere: moved.map((each) => each.text) });
      else {
        findings.push({
          code: 'host.block-scattered',
          resource: `Host/${host.metadata.name}`,
          path,
          severity: 'warning',
          message: `${moved.length} instances on other hosts have addresses of ${text}, so each address is announced; more than ${MAX_ELSEWHERE} are too many to be exceptions: give the block up`,
        });
      }
    }
  }
  return { blocks: planned, findings };
}

function underlayAddresses(
  { spec }: Host,
  peers: Iterable<PeerSettings>,
): readonly { readonly address: string; readonly what: string }[] {
  const { address, address6 } = spec;
  const own = [address, ...(address6 === undefined ? [] : [address6])];
  return [
    ...own.map((text) => ({ address: text, what: 'the address of this host' })),
    ...[...peers].flatMap(({ name, address: router, localAddress }) => [
      ...(router === '' ? [] : [{ address: router, what: `the address of BGPPeer/${name}` }]),
      ...(localAddress === undefined ? [] : [{ address: localAddress, what: `localAddress of BGPPeer/${name}` }]),
    ]),
  ];
}
