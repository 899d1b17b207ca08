import { ruleText } from '../evaluator/rule-text.ts';
import type { OpenInstance } from '../model/resolved-instance.ts';
import { type FlowBox, subtractBoxes } from '../reachability/flow-box.ts';
import { IntervalSet } from '../reachability/interval-set.ts';
import { siteAddresses } from '../reachability/remotes.ts';
import { icmpTypes, protocolServices, type ServiceSet } from '../reachability/services.ts';
import type { LintContext, LintGroup, LintRule } from './lint-context.ts';
import { type LintFinding, lintFinding } from './lint-finding.ts';

/** Rules for far ends outside the site, in groups whose every member is on a network that reaches the site only. */
export function remotesOutOfReach(group: LintGroup, { model, members }: LintContext): LintFinding[] {
  const filtered = [...members.get(group.name)];
  if (filtered.length === 0 || filtered.some(({ reach }) => reach !== 'site')) return [];
  const networks = [...new Set(filtered.map(({ network }) => network))].sort().join(', ');
  return group.rules
    .filter(({ addresses, family }) => !addresses.isEmpty && addresses.intersect(siteAddresses(model, family)).isEmpty)
    .map(({ path, rule }) => {
      const message = `SecurityGroup ${group.name}: ${path} (${ruleText(rule)}) can never match: all members are on ${networks}, of reach site, and its far end is outside the site; delete it, or move the members to another Network`;
      return lintFinding('lint.remote-out-of-reach', group.key, `${path}.remote`, message);
    });
}

/** Linux's default range of source ports: where replies go. (`ip_local_port_range`) */
const EPHEMERAL_PORTS = { first: 32_768, last: 60_999 } as const;
const PROTOCOLS_WITH_PORTS = [6, 17, 33, 132, 136] as const;
const ECHO = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } } as const;

/**
 * Rules of stateless groups without a rule the other way round for the replies. Judged with all groups that the
 * members have; a group without members by itself.
 */
export function missingReplies(group: LintGroup, context: LintContext): LintFinding[] {
  if (group.resource.spec.stateful) return [];
  const lists = groupLists(group, context);
  return group.rules.flatMap((rule): LintFinding[] => {
    const replies = repliesTo(rule);
    if (replies.isEmpty || rule.addresses.isEmpty) return [];
    const needed: FlowBox = { sources: rule.addresses, destinations: POINT, services: replies };
    const lacking = lists.find((list) => {
      const rules = list.flatMap((name) => context.group(name)?.rules ?? []);
      const back = rules.filter(
        (other) => other.family === rule.family && other.rule.direction !== rule.rule.direction,
      );
      return subtractBoxes([needed], back.map(boxOf)).length > 0;
    });
    if (lacking === undefined) return [];
    const back = rule.rule.direction === 'ingress' ? 'egress' : 'ingress';
    const where = lacking.length > 1 ? `of ${lacking.join(', ')} lets` : 'lets';
    const message = `SecurityGroup ${group.name}: ${rule.path} (${ruleText(rule.rule)}) is stateless, and no ${back} rule ${where} all replies pass (${replyHint(rule)}); add one with the same remote, or make the group stateful`;
    return [lintFinding('lint.stateless-without-reply', group.key, rule.path, message)];
  });
}

const POINT = IntervalSet.range(0n, 0n);

function boxOf({ addresses, services }: LintRule): FlowBox {
  return { sources: addresses, destinations: POINT, services };
}

/** Each distinct list of groups that the members of the group have. */
function groupLists(group: LintGroup, { members }: LintContext): readonly (readonly string[])[] {
  const lists = new Map(
    [...members.get(group.name)].map((member: OpenInstance) => [member.groups.join(), member.groups]),
  );
  return lists.size === 0 ? [[group.name]] : [...lists.values()];
}

/** What answers have to get through, as far as it can be told from the rule. */
function repliesTo({ services, family }: LintRule): ServiceSet {
  if (isReplyRule(services)) return IntervalSet.empty; // no replies to replies
  const parts: ServiceSet[] = [];
  for (const protocol of PROTOCOLS_WITH_PORTS) {
    if (services.intersect(protocolServices(protocol)).isEmpty) continue;
    parts.push(protocolServices(protocol, EPHEMERAL_PORTS.first, EPHEMERAL_PORTS.last));
  }
  const { request, reply } = ECHO[family];
  if (services.covers(icmpTypes(family, request))) parts.push(icmpTypes(family, reply));
  return IntervalSet.unionOf(parts);
}

/** Fewer ports than this are some service's own, however high they are. */
const MANY_PORTS = 1000n;

/** True for many ports that clients, not servers, have. */
function isReplyRule(services: ServiceSet): boolean {
  const unprivileged = PROTOCOLS_WITH_PORTS.map((protocol) => protocolServices(protocol, 1024, 65_535));
  return services.size > MANY_PORTS && unprivileged.some((ports) => ports.covers(services));
}

function replyHint({ services, family }: LintRule): string {
  const echo = services.covers(icmpTypes(family, ECHO[family].request));
  const ports = `ports ${EPHEMERAL_PORTS.first}-${EPHEMERAL_PORTS.last}`;
  if (!echo) return ports;
  const type = `icmp${family === 4 ? '' : 'v6'} type ${ECHO[family].reply}`;
  const isIcmpOnly = services.intersect(protocolServices(6)).isEmpty;
  return isIcmpOnly ? type : `${ports}, ${type}`;
}
