import type { AddressFamily } from '@slash32/shared';
import { ruleText } from '../evaluator/rule-text.ts';
import { type AddressSet, addressSet } from '../reachability/address-set.ts';
import { FLOW_BEGINNING, protocolServices } from '../reachability/services.ts';
import type { LintGroup, LintRule } from './lint-context.ts';
import { type LintFinding, lintFinding } from './lint-finding.ts';
import { MANAGEMENT_PORTS, type ManagementPort } from './management-ports.ts';

/** What can be routed on the internet at all. */
const UNICAST: Readonly<Record<AddressFamily, AddressSet>> = {
  4: addressSet(['0.0.0.0/0'], 4).subtract(addressSet(['0.0.0.0/8', '10.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3'], 4)),
  6: addressSet(['2000::/3'], 6),
};

/** Ingress rules that everybody can use: for any flow, or for a port that is not for everybody. */
export function openPorts(group: LintGroup): LintFinding[] {
  return group.rules.flatMap((rule): LintFinding[] => {
    if (rule.rule.direction !== 'ingress' || !isOpenToTheWorld(rule)) return [];
    const subject = `SecurityGroup ${group.name}: ${rule.path} (${ruleText(rule.rule)})`;
    if (rule.services.covers(FLOW_BEGINNING[rule.family])) {
      const message = `${subject} lets everybody begin any flow; name the protocols, ports and far ends that are meant`;
      return [lintFinding('lint.allow-all-ingress', group.key, rule.path, message)];
    }
    const open = MANAGEMENT_PORTS.filter(({ protocol, port }) =>
      rule.services.covers(protocolServices(protocol, port, port)),
    );
    const [first, ...others] = open;
    if (first === undefined) return [];
    const ports =
      others.length === 0
        ? `${portText(first)} to everybody: ${first.reason}`
        : `${open.map(portText).join(', ')} to everybody`;
    const message = `${subject} opens ${ports}; allow a group, an address group or the prefixes of those who need it`;
    return [lintFinding('lint.open-management-port', group.key, rule.path, message)];
  });
}

/** True for a quarter of all addresses or more: /0 in halves, or with exceptions, is the world as well. */
function isOpenToTheWorld({ addresses, family }: LintRule): boolean {
  return addresses.intersect(UNICAST[family]).size * 4n >= UNICAST[family].size;
}

function portText({ protocol, port, service }: ManagementPort): string {
  return `${service} (${protocol === 6 ? 'tcp' : 'udp'} ${port})`;
}
