import {
  blockOverlapFindings,
  type Host,
  parseIpAddress,
  parseIpPrefix,
  prefixContains,
  type ResourceFinding,
} from '@slash32/shared';
import type { PeerSettings } from './peer-settings.ts';

export interface BlockPlan {
  /** Canonical prefix texts. */
  readonly blocks: readonly string[];
  readonly findings: readonly ResourceFinding[];
}

/**
 * The address blocks of a host that may be announced as a whole. Fail closed: a block that another Host has too, or a part
 * of, is none; nor is one with an address in it that this host needs for itself, since what is unused in a block is
 * unreachable.
 */
export function planBlocks(host: Host, others: Iterable<Host>, peers: Iterable<PeerSettings>): BlockPlan {
  const { blocks } = host.spec;
  if (blocks.length === 0) return { blocks: [], findings: [] };
  const underlay = underlayAddresses(host, peers);
  const overlaps = new Map(blockOverlapFindings(host, others).map((finding) => [finding.path, finding]));
  const planned: string[] = [];
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
    else planned.push(text);
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
