import {
  type CommunityPattern,
  type RoutePolicyTerm,
  tryParseCommunity,
  tryParseCommunityPattern,
  tryParseLargeCommunity,
  tryParseLargeCommunityPattern,
} from '@slash32/shared';
import {
  canonicalLargeSet,
  canonicalSet,
  firstAs,
  type LargeCommunity,
  type PathAttributes,
  prependAs,
} from '../codec/index.ts';

type Changes = NonNullable<RoutePolicyTerm['set']>;

/** What a term of a RoutePolicy makes of a route's attributes. The schema has seen to it that all texts can be read. */
export function compileChanges(changes: Changes): (attributes: PathAttributes) => PathAttributes {
  const { localPref, med, prepend } = changes;
  const communities = changes.communities && compileSetChange(changes.communities, COMMUNITIES);
  const largeCommunities = changes.largeCommunities && compileSetChange(changes.largeCommunities, LARGE_COMMUNITIES);
  return (attributes) => {
    const { communities: before, largeCommunities: largeBefore, ...rest } = attributes;
    const after = communities === undefined ? before : communities(before ?? []);
    const largeAfter = largeCommunities === undefined ? largeBefore : largeCommunities(largeBefore ?? []);
    const nearest = prepend === undefined ? undefined : firstAs(attributes.asPath);
    return {
      ...rest,
      ...(localPref === undefined ? {} : { localPref }),
      ...(med === undefined ? {} : { med }),
      ...(after === undefined || after.length === 0 ? {} : { communities: after }),
      ...(largeAfter === undefined || largeAfter.length === 0 ? {} : { largeCommunities: largeAfter }),
      ...(nearest === undefined ? {} : { asPath: prependAs(attributes.asPath, nearest, prepend) }),
    };
  };
}

/** Text that is no pattern matches nothing. */
export function readPatterns(
  texts: readonly string[],
  parse: (text: string) => CommunityPattern | undefined,
): readonly CommunityPattern[] {
  return texts.flatMap((text) => {
    const pattern = parse(text);
    return pattern === undefined ? [] : [pattern];
  });
}

/** True if the community has the pattern's number in every place that is not `*`. */
export function communityMatches(pattern: CommunityPattern, community: number): boolean {
  const [high, low] = pattern;
  return (high === undefined || high === community >>> 16) && (low === undefined || low === (community & 0xffff));
}

export function largeCommunityMatches(pattern: CommunityPattern, community: LargeCommunity): boolean {
  const [administrator, data1, data2] = pattern;
  return (
    (administrator === undefined || administrator === community.globalAdministrator) &&
    (data1 === undefined || data1 === community.localData1) &&
    (data2 === undefined || data2 === community.localData2)
  );
}

interface CommunityKind<Value> {
  readonly parse: (text: string) => Value | undefined;
  readonly parsePattern: (text: string) => CommunityPattern | undefined;
  readonly matches: (pattern: CommunityPattern, value: Value) => boolean;
  readonly canonical: (values: readonly Value[]) => readonly Value[];
}

const COMMUNITIES: CommunityKind<number> = {
  parse: tryParseCommunity,
  parsePattern: tryParseCommunityPattern,
  matches: communityMatches,
  canonical: canonicalSet,
};

const LARGE_COMMUNITIES: CommunityKind<LargeCommunity> = {
  parse: (text) => {
    const parts = tryParseLargeCommunity(text);
    return parts && { globalAdministrator: parts[0], localData1: parts[1], localData2: parts[2] };
  },
  parsePattern: tryParseLargeCommunityPattern,
  matches: largeCommunityMatches,
  canonical: canonicalLargeSet,
};

function compileSetChange<Value>(
  change: {
    readonly set?: readonly string[] | undefined;
    readonly remove?: readonly string[] | undefined;
    readonly add?: readonly string[] | undefined;
  },
  kind: CommunityKind<Value>,
): (before: readonly Value[]) => readonly Value[] {
  const read = (texts: readonly string[] | undefined): readonly Value[] | undefined =>
    texts?.flatMap((text) => kind.parse(text) ?? []);
  const fixed = read(change.set);
  const added = read(change.add) ?? [];
  const removed = readPatterns(change.remove ?? [], kind.parsePattern);
  return (before) => {
    const kept = fixed ?? before.filter((value) => !removed.some((pattern) => kind.matches(pattern, value)));
    return kind.canonical([...kept, ...added]);
  };
}
