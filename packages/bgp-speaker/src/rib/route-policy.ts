/**
 * RoutePolicies as they are applied: pure, and evaluated in part before any prefix is known. Of a route, only the prefix
 * differs within an UPDATE (import) or among the routes of a family (export), so {@link PolicyChain.forRoute} settles
 * all that does not depend on it; what is left per prefix are its tests against prefix lists.
 */
import {
  type BgpFamily,
  BUILT_IN_POLICIES,
  parseIpAddress,
  parseIpPrefix,
  prefixContains,
  type RoutePolicyTerm,
  tryAsPathPattern,
  tryParseCommunityPattern,
  tryParseLargeCommunityPattern,
} from '@slash32/shared';
import { asPathContains, asPathLength, firstAs, type PathAttributes, type PrefixKey } from '../codec/index.ts';
import { asPathMatchesPattern } from './as-path-matcher.ts';
import { PrefixMatcher } from './prefix-matcher.ts';
import { communityMatches, compileChanges, largeCommunityMatches, readPatterns } from './route-changes.ts';

/** A RoutePolicy that a peer names, or a built-in one; `unknown` if there is none of that name: it rejects all. */
export interface NamedPolicy {
  readonly name: string;
  readonly terms: readonly RoutePolicyTerm[] | 'unknown';
}

/** A route as far as it is the same for many prefixes. */
export interface PolicyRoute {
  readonly family: BgpFamily;
  readonly attributes: PathAttributes;
  /** Address text; empty for a local route. */
  readonly nextHop: string;
  /** Of the kernel's route; absent for a learned one. */
  readonly metric?: number;
}

export interface PolicyVerdict {
  readonly accepted: boolean;
  /** As changed by the terms that matched. */
  readonly attributes: PathAttributes;
  /** Which policy and term decided, for people: `policy p, term drain`. */
  readonly decidedBy: string;
}

/** For one route: prefix → verdict. Equal outcomes are one object. */
export type PrefixVerdicts = (key: PrefixKey) => PolicyVerdict;

interface CompiledTerm {
  readonly label: string;
  readonly prefixes: PrefixMatcher | undefined;
  readonly matches: (route: PolicyRoute) => boolean;
  readonly change: ((attributes: PathAttributes) => PathAttributes) | undefined;
  readonly action: RoutePolicyTerm['action'];
}

/** What is left to do once everything but the prefix is known; outcomes are worked out when first needed. */
interface Fork {
  readonly term: CompiledTerm;
  readonly index: number;
  readonly route: PolicyRoute;
  matched: Fork | PolicyVerdict | undefined;
  missed: Fork | PolicyVerdict | undefined;
}

const ACCEPT_ALL: readonly RoutePolicyTerm[] = [{ match: {}, action: 'accept' }];

/** Terms of the built-in policy of a direction; `undefined` if `name` is not its name. */
export function builtInTerms(name: string, direction: 'import' | 'export'): readonly RoutePolicyTerm[] | undefined {
  return name === BUILT_IN_POLICIES[direction] ? ACCEPT_ALL : undefined;
}

/** The policies of a peer in one direction, one after the other; what none decides is rejected (RFC 8212). */
export class PolicyChain {
  /** True if the metric of kernel routes makes a difference. */
  readonly dependsOnMetric: boolean;
  readonly #terms: readonly CompiledTerm[];
  /** Names of policies that do not exist. One is enough to reject everything: fail closed. */
  readonly #unknown: readonly string[];
  readonly #names: string;

  constructor(policies: readonly NamedPolicy[]) {
    this.#unknown = policies.flatMap(({ name, terms }) => (terms === 'unknown' ? [name] : []));
    this.#names = policies.map(({ name }) => name).join(', ');
    const terms = policies.flatMap(({ name, terms: of }) =>
      of === 'unknown' ? [] : of.map((term, index) => ({ name, term, index })),
    );
    this.#terms = terms.map(({ name, term, index }) => compileTerm(name, term, index));
    this.dependsOnMetric = terms.some(({ term }) => term.match.metric !== undefined);
  }

  forRoute(route: PolicyRoute): PrefixVerdicts {
    if (this.#unknown.length > 0) {
      const verdict = {
        accepted: false,
        attributes: route.attributes,
        decidedBy: `there is no RoutePolicy "${this.#unknown.join('", "')}"`,
      };
      return () => verdict;
    }
    const start = this.#resume(0, route);
    if (!('term' in start)) return () => start;
    return (key) => {
      let at: Fork | PolicyVerdict = start;
      while ('term' in at) {
        if (at.term.prefixes?.matches(key) !== false) {
          at.matched ??= this.#apply(at.term, at.index, at.route);
          at = at.matched;
        } else {
          at.missed ??= this.#resume(at.index + 1, at.route);
          at = at.missed;
        }
      }
      return at;
    };
  }

  /** From term `index` on, as far as the prefix does not matter. */
  #resume(index: number, route: PolicyRoute): Fork | PolicyVerdict {
    for (let at = index; at < this.#terms.length; at += 1) {
      const term = this.#terms[at];
      if (term === undefined || !term.matches(route)) continue;
      if (term.prefixes !== undefined) return { term, index: at, route, matched: undefined, missed: undefined };
      return this.#apply(term, at, route);
    }
    return { accepted: false, attributes: route.attributes, decidedBy: `no term of ${this.#names} accepts it` };
  }

  #apply(term: CompiledTerm, index: number, route: PolicyRoute): Fork | PolicyVerdict {
    const attributes = term.change?.(route.attributes) ?? route.attributes;
    if (term.action === 'next') return this.#resume(index + 1, { ...route, attributes });
    return { accepted: term.action === 'accept', attributes, decidedBy: term.label };
  }
}

function compileTerm(policy: string, term: RoutePolicyTerm, index: number): CompiledTerm {
  const isBuiltIn = Object.values<string>(BUILT_IN_POLICIES).includes(policy);
  return {
    label: isBuiltIn ? `policy ${policy}` : `policy ${policy}, term ${term.name ?? index + 1}`,
    prefixes: term.match.prefixes && new PrefixMatcher(term.match.prefixes),
    matches: compileMatch(term.match),
    change: term.set && compileChanges(term.set),
    action: term.action,
  };
}

/** All of a term's conditions but the prefixes. */
function compileMatch(match: RoutePolicyTerm['match']): (route: PolicyRoute) => boolean {
  const tests: ((route: PolicyRoute) => boolean)[] = [];
  const { family, communities, largeCommunities, asPath, nextHop, metric } = match;
  if (family !== undefined) tests.push((route) => route.family === family);
  if (communities !== undefined) {
    const patterns = readPatterns(communities, tryParseCommunityPattern);
    tests.push(
      ({ attributes }) =>
        attributes.communities?.some((value) => patterns.some((pattern) => communityMatches(pattern, value))) === true,
    );
  }
  if (largeCommunities !== undefined) {
    const patterns = readPatterns(largeCommunities, tryParseLargeCommunityPattern);
    tests.push(
      ({ attributes }) =>
        attributes.largeCommunities?.some((value) =>
          patterns.some((pattern) => largeCommunityMatches(pattern, value)),
        ) === true,
    );
  }
  if (asPath !== undefined) {
    const matches = compileAsPathMatch(asPath);
    tests.push(({ attributes }) => matches(attributes));
  }
  if (nextHop !== undefined) {
    const prefixes = nextHop.map(parseIpPrefix);
    tests.push((route) => {
      if (route.nextHop === '') return false;
      const address = parseIpAddress(route.nextHop);
      return prefixes.some((prefix) => prefixContains(prefix, address));
    });
  }
  if (metric !== undefined) tests.push((route) => route.metric !== undefined && isWithin(metric, route.metric));
  return (route) => tests.every((test) => test(route));
}

function compileAsPathMatch(
  match: NonNullable<RoutePolicyTerm['match']['asPath']>,
): (attributes: PathAttributes) => boolean {
  const outcome = match.pattern === undefined ? undefined : tryAsPathPattern(match.pattern);
  // The schema has seen to it that a pattern can be read; one that cannot matches nothing.
  if (outcome !== undefined && 'problem' in outcome) return () => false;
  return ({ asPath }) => {
    const first = firstAs(asPath);
    const last = asPath.at(-1)?.type === 'sequence' ? asPath.at(-1)?.asNumbers.at(-1) : undefined;
    return (
      match.contains?.some((asNumber) => asPathContains(asPath, asNumber)) !== false &&
      match.neighborAs?.some((asNumber) => asNumber === first) !== false &&
      match.originAs?.some((asNumber) => asNumber === last) !== false &&
      (match.length === undefined || isWithin(match.length, asPathLength(asPath))) &&
      (outcome === undefined || asPathMatchesPattern(asPath, outcome.pattern))
    );
  };
}

function isWithin(
  range: { readonly ge?: number | undefined; readonly le?: number | undefined },
  value: number,
): boolean {
  return value >= (range.ge ?? 0) && value <= (range.le ?? Number.POSITIVE_INFINITY);
}
