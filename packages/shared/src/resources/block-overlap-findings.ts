import { parseIpPrefix, prefixContains } from '../address/ip-prefix.ts';
import type { ResourceFinding } from '../control/daemon-status.ts';
import type { Host } from './host.ts';
import { resourceKey } from './resource-key.ts';

/**
 * Address blocks of a host that another one has too, or a part of: neither announces it as a whole. `path` of a finding is
 * `spec.blocks[INDEX]`.
 */
export function blockOverlapFindings(host: Host, others: Iterable<Host>): readonly ResourceFinding[] {
  const { blocks } = host.spec;
  if (blocks.length === 0) return [];
  const { name } = host.metadata;
  const claimed = [...others]
    .filter(({ metadata }) => metadata.name !== name)
    .flatMap((other) => other.spec.blocks.map((text) => ({ other, text, prefix: parseIpPrefix(text) })));
  return blocks.flatMap((text, index): readonly ResourceFinding[] => {
    const prefix = parseIpPrefix(text);
    const claim = claimed.find((each) => prefixContains(prefix, each.prefix) || prefixContains(each.prefix, prefix));
    if (claim === undefined) return [];
    return [
      {
        code: 'host.block-overlap',
        resource: resourceKey('Host', undefined, name),
        path: `spec.blocks[${index}]`,
        severity: 'error',
        message: `${text} overlaps ${claim.text} of Host/${claim.other.metadata.name}, so neither is announced, but each address; remove one of them`,
      },
    ];
  });
}
