/**
 * What takes the place of paths in Adj-RIB-In when something that decides on them changes. Each function returns one for
 * a whole table: what is the same for many prefixes is worked out once.
 */
import type { BgpFamily } from '@slash32/shared';
import type { PrefixKey } from '../codec/index.ts';
import type { ImportPolicy, ImportVerdict } from './import-policy.ts';
import { type KeptAs, longLivedAttributes } from './kept-paths.ts';
import type { Path } from './path.ts';
import type { PathGroup, PathTable } from './path-table.ts';

/** The path that takes this one's place for a prefix; the same one: nothing changes; `undefined`: it goes. */
export type PathSuccessor = (before: Path, key: PrefixKey) => Path | undefined;

/** Another policy: as the path came, judged by it, and kept as it is. */
export function judgePaths(family: BgpFamily, policy: ImportPolicy, paths: PathTable): PathSuccessor {
  return judge(family, policy, paths, ({ keptAs }) => keptAs);
}

/** What was kept counts as announced in the present session. */
export function renewPaths(family: BgpFamily, policy: ImportPolicy, paths: PathTable): PathSuccessor {
  const renew = judge(family, policy, paths, () => undefined);
  return (before, key) => (before.keptAs === undefined ? before : renew(before, key));
}

/** Paths become the last resort; `long-lived` after `silent`, not the other way round. */
export function keepPathsAs(keptAs: KeptAs, paths: PathTable): PathSuccessor {
  const groups = new Map<Path, PathGroup | undefined>();
  const groupOf = (before: Path): PathGroup | undefined => {
    const { received, nextHop, rejection, decidedBy, blackhole } = before;
    const attributes = keptAttributes(before, keptAs);
    if (attributes === undefined) return undefined;
    const verdict: ImportVerdict = {
      attributes,
      ...(rejection === undefined ? {} : { rejection }),
      ...(decidedBy === undefined ? {} : { decidedBy }),
      ...(blackhole === undefined ? {} : { blackhole }),
    };
    return paths.group(received, nextHop, verdict, keptAs);
  };
  return (before) => {
    if (before.keptAs === keptAs || before.keptAs === 'long-lived') return before;
    if (!groups.has(before)) groups.set(before, groupOf(before));
    const group = groups.get(before);
    return group && paths.pathOf(group, before.pathId);
  };
}

function judge(
  family: BgpFamily,
  policy: ImportPolicy,
  paths: PathTable,
  keptAsOf: (path: Path) => KeptAs | undefined,
): PathSuccessor {
  const judges = new Map<Path, (key: PrefixKey) => PathGroup | undefined>();
  return (before, key) => {
    let judgeOf = judges.get(before);
    if (judgeOf === undefined) {
      judgeOf = judgeLike(before, policy.forRoute(family, before.received, before.nextHop), keptAsOf(before), paths);
      judges.set(before, judgeOf);
    }
    const group = judgeOf(key);
    return group && paths.pathOf(group, before.pathId);
  };
}

function judgeLike(
  { received, nextHop }: Path,
  verdictOf: (key: PrefixKey) => ImportVerdict,
  keptAs: KeptAs | undefined,
  paths: PathTable,
): (key: PrefixKey) => PathGroup | undefined {
  const groups = new Map<ImportVerdict, PathGroup | undefined>();
  return (key) => {
    const verdict = verdictOf(key);
    if (!groups.has(verdict)) {
      const attributes = keptAttributes(verdict, keptAs);
      groups.set(verdict, attributes && paths.group(received, nextHop, { ...verdict, attributes }, keptAs));
    }
    return groups.get(verdict);
  };
}

/** `undefined`: the route is not kept so. What is refused is for people to see alone. */
function keptAttributes(
  { attributes, rejection }: ImportVerdict,
  keptAs: KeptAs | undefined,
): ImportVerdict['attributes'] | undefined {
  return keptAs === 'long-lived' && rejection === undefined ? longLivedAttributes(attributes) : attributes;
}
