import { ruleText } from '../evaluator/rule-text.ts';
import { type AddressSet, ALL_ADDRESSES } from '../reachability/address-set.ts';
import { type FlowBox, subtractBoxes } from '../reachability/flow-box.ts';
import { IntervalSet } from '../reachability/interval-set.ts';
import type { LintGroup, LintRule } from './lint-context.ts';
import { type LintFinding, lintFinding } from './lint-finding.ts';

/** Stands for a remote whose addresses do not matter, or in the dimension of a box that does not. */
const SOMETHING = IntervalSet.range(0n, 0n);

/**
 * Rules that others of their group make needless. All that are reported can be deleted together: a rule that was found
 * needless covers no other. Members of a remote group come and go, so only a rule for the same group, or for everybody,
 * covers a rule for one.
 */
export function redundantRules(group: LintGroup): LintFinding[] {
  const kept = new Set(group.rules);
  const findings: LintFinding[] = [];
  // From the last one on, so that of two equal rules the first stays.
  for (const rule of group.rules.toReversed()) {
    kept.delete(rule);
    const cover = smallestCover(rule, [...kept]);
    if (cover === undefined) kept.add(rule);
    else findings.push(finding(group, rule, cover));
  }
  return findings.reverse();
}

/** `undefined`: `others` do not cover the rule. */
function smallestCover(rule: LintRule, others: readonly LintRule[]): readonly LintRule[] | undefined {
  const peers = others.filter((other) => isRelated(other, rule));
  const single = peers.find((peer) => isSame(peer, rule)) ?? peers.find((peer) => isCovered(rule, [peer]));
  if (single !== undefined) return [single];
  if (!isCovered(rule, peers)) return undefined;
  let cover: readonly LintRule[] = peers.toSorted((left, right) => left.index - right.index);
  for (const peer of cover) {
    const without = cover.filter((other) => other !== peer);
    if (isCovered(rule, without)) cover = without;
  }
  return cover;
}

/** False: it cannot cover any of the rule. Most cannot, so this decides what a long list costs. */
function isRelated(other: LintRule, rule: LintRule): boolean {
  if (other.rule.direction !== rule.rule.direction || other.family !== rule.family) return false;
  const [mine, theirs] = [rule.services.intervals[0], other.services.intervals[0]]; // a rule's services are one interval
  return mine !== undefined && theirs !== undefined && mine.first <= theirs.last && theirs.first <= mine.last;
}

function isCovered(rule: LintRule, peers: readonly LintRule[]): boolean {
  const boxes = peers.flatMap((peer) => boxOf(peer, remoteAsSeenBy(rule, peer)));
  return subtractBoxes(boxOf(rule, remoteAsSeenBy(rule, rule)), boxes).length === 0;
}

function boxOf({ services }: LintRule, sources: AddressSet | undefined): readonly FlowBox[] {
  return sources === undefined ? [] : [{ sources, destinations: SOMETHING, services }];
}

/** The far ends of `peer`, in terms of those of `rule`; `undefined`: none of them for certain. */
function remoteAsSeenBy(rule: LintRule, peer: LintRule): AddressSet | undefined {
  const isSymbolic = rule.rule.remote?.group !== undefined || rule.addresses.isEmpty;
  if (isSymbolic) return peer.remote === rule.remote || isForEverybody(peer) ? SOMETHING : undefined;
  return peer.rule.remote?.group === undefined ? peer.addresses : undefined;
}

function isForEverybody({ addresses, family, rule }: LintRule): boolean {
  return rule.remote?.group === undefined && addresses.equals(ALL_ADDRESSES[family]);
}

function isSame(left: LintRule, right: LintRule): boolean {
  const sameRemote = left.remote === right.remote || (isForEverybody(left) && isForEverybody(right));
  return sameRemote && left.services.equals(right.services);
}

function finding({ name, key }: LintGroup, rule: LintRule, cover: readonly LintRule[]): LintFinding {
  const subject = `SecurityGroup ${name}: ${rule.path} (${ruleText(rule.rule)})`;
  const others = cover.map((some) => `${some.path} (${ruleText(some.rule)})`).join(' and ');
  const isDuplicate = cover.some((some) => isSame(some, rule));
  return isDuplicate
    ? lintFinding('lint.duplicate-rule', key, rule.path, `${subject} says the same as ${others}; delete one of the two`)
    : lintFinding(
        'lint.shadowed-rule',
        key,
        rule.path,
        `${subject} allows nothing beyond ${others}; delete it, or narrow ${cover.length === 1 ? 'that' : 'those'}`,
      );
}
