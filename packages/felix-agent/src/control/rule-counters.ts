import { type GroupCounterPlaces, ruleText } from '@slash32/policy-compiler';
import type { GroupCounters, NftElementCounter, RuleCounter, SecurityGroupRule } from '@slash32/shared';

/** Set → element key → what it counted. */
export type SetCounters = ReadonlyMap<string, ReadonlyMap<string, NftElementCounter>>;

/** The sets that have a group's counters. */
export function countedSets({ counterPlaces }: GroupCounterPlaces): readonly string[] {
  return [...new Set(counterPlaces.values().map(({ set }) => set))];
}

/**
 * What each rule of a group counted on this host. A rule that another one contains has no counter of its own: it names
 * the rule that counts for both, as does one that says the same as an earlier one.
 */
export function groupCounters(
  name: string,
  places: GroupCounterPlaces | undefined,
  counters: SetCounters,
): GroupCounters {
  if (places === undefined) return { group: name, state: 'unused', rules: [] };
  const { rules } = places.group.spec;
  if (!places.counted) return { group: name, state: 'off', rules: rules.map(withoutCounter) };
  const owners = new Map<string, number>();
  rules.forEach((rule, index) => {
    const place = places.counterPlaces.get(rule);
    const id = `${place?.set} ${place?.element}`;
    if (place?.own === true && !owners.has(id)) owners.set(id, index);
  });
  return {
    group: name,
    state: 'counted',
    rules: rules.map((rule, index): RuleCounter => {
      const place = places.counterPlaces.get(rule);
      const owner = owners.get(`${place?.set} ${place?.element}`);
      if (place === undefined || owner === undefined) return withoutCounter(rule, index);
      if (owner !== index) return { ...withoutCounter(rule, index), countedAt: owner };
      const counted = counters.get(place.set)?.get(place.element);
      return { ...withoutCounter(rule, index), ...(counted === undefined ? {} : { counted }) };
    }),
  };
}

function withoutCounter(rule: SecurityGroupRule, index: number): RuleCounter {
  const { description } = rule;
  return { index, text: ruleText(rule), ...(description === undefined ? {} : { description }) };
}
