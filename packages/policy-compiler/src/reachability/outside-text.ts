import type { AddressFamily } from '@slash32/shared';
import { type AddressSet, addressTexts } from './address-set.ts';
import { OUTSIDE } from './flow-end.ts';
import { type Interval, IntervalSet } from './interval-set.ts';
import type { Reachability } from './reachability.ts';

/**
 * Addresses of the outside in words: `internet` (everything, the rest of the site included), `internet beyond the site`,
 * `site` (what of it is no instance's), or their prefixes; by what is missing, where that is shorter.
 *
 * Addresses of instances, gateways and hosts, which are never part of such a set, are not told as gaps in it.
 */
export function outsideText(addresses: AddressSet, reachability: Reachability, family: AddressFamily): string {
  const outside = reachability.addresses(OUTSIDE, family).subtract(reachability.hostAddresses(family));
  const site = reachability.site(family).intersect(outside);
  const meant = addresses.intersect(outside);
  const rest = outside.subtract(meant);
  if (meant.isEmpty) return addressTexts(addresses, family).join(', ');
  if (rest.isEmpty) return 'internet';
  if (rest.equals(site)) return 'internet beyond the site';
  if (meant.equals(site)) return 'site';
  const listed = addressTexts(withoutGaps(meant, rest), family).join(', ');
  const missing = `internet but ${addressTexts(withoutGaps(rest, meant), family).join(', ')}`;
  return missing.length < listed.length ? missing : listed;
}

/** Joins intervals where nothing of `others` lies between them. */
function withoutGaps(addresses: AddressSet, others: AddressSet): AddressSet {
  const joined: Interval[] = [];
  let next = 0;
  for (const interval of addresses.intervals) {
    const previous = joined.at(-1);
    while ((others.intervals[next]?.last ?? interval.first) < interval.first) next += 1;
    const between = others.intervals[next - 1];
    if (previous !== undefined && (between === undefined || between.last < previous.first)) {
      joined[joined.length - 1] = { first: previous.first, last: interval.last };
    } else joined.push(interval);
  }
  return IntervalSet.of(joined);
}
