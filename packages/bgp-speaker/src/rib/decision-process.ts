/**
 * The decision process (RFC 4271 9.1) over the candidates of one prefix, pure. Steps, in order:
 *
 *   [next hop usable, 9.1.2.1] > local route > router in session > LOCAL_PREF > AS_PATH length > ORIGIN > MED (within one neighbouring AS) > eBGP over iBGP
 *   > [multipath: what is left forwards together] > BGP Identifier, or ORIGINATOR_ID > CLUSTER_LIST length (RFC 4456 9)
 *   > peer address > Path Identifier
 *
 * The interior cost to the next hop (9.1.2.2 e) is equal by design: next hops are on link. AS_PATHs of a multipath set
 * need equal length, not equal content ("relaxed"), as racks with one AS per router need.
 */
import { asPathLength, type PathAttributes, routerIdNumber } from '../codec/index.ts';
import { everyNextHopUsable, type ObstacleOf } from './next-hop-eligibility.ts';
import type { Path } from './path.ts';

export interface Decision {
  /** Paths that forward, the best one first. Empty if there is no candidate. */
  readonly paths: readonly Path[];
  /** Per candidate: why it is in `paths`, or which step put it out. */
  readonly reasons: ReadonlyMap<Path, string>;
}

/** RFC 4271 9.1.1: what a route from eBGP is worth unless a policy says so, and one without the attribute. */
export const DEFAULT_LOCAL_PREF = 100;

/** The paths that forward; the answer of {@link explainDecision} without its reasons. */
export function decide(candidates: readonly Path[], obstacleTo: ObstacleOf = everyNextHopUsable): readonly Path[] {
  const left = keepUsable(candidates, obstacleTo, undefined);
  const first = left[0];
  if (first === undefined) return [];
  if (left.length === 1) return first.alone;
  return runSteps(left, undefined);
}

export function explainDecision(candidates: readonly Path[], obstacleTo: ObstacleOf = everyNextHopUsable): Decision {
  const reasons = new Map<Path, string>();
  const usable = keepUsable(candidates, obstacleTo, reasons);
  const only = usable.length === candidates.length ? 'only route' : 'only route with a reachable next hop';
  const paths = runSteps(usable, reasons);
  const [best, ...others] = paths;
  if (best !== undefined) {
    if (usable.length === 1) reasons.set(best, best.source.type === 'local' ? 'local route' : only);
    else if (others.length > 0) reasons.set(best, `lowest BGP Identifier of ${paths.length} equal routes`);
    else if (best.source.type === 'local') reasons.set(best, 'local route');
    else reasons.set(best, lastStepReason(reasons));
    for (const other of others) reasons.set(other, `multipath: equal to ${best.source.name} up to the BGP Identifier`);
  }
  return { paths, reasons };
}

/** The `limit` best of the paths, the best first: each is what the decision process chooses from those left. */
export function rankPaths(paths: readonly Path[], limit: number): readonly Path[] {
  const ranked: Path[] = [];
  let left = paths;
  while (ranked.length < limit) {
    const [best] = decide(left);
    if (best === undefined) break;
    ranked.push(best);
    left = left.filter((path) => path !== best);
  }
  return ranked;
}

/** The AS that the route came from; 0 for one of our own AS. */
export function neighbouringAs(attributes: PathAttributes): number {
  const first = attributes.asPath.find((segment) => segment.type === 'sequence' || segment.type === 'set');
  return first?.type === 'sequence' ? (first.asNumbers[0] ?? 0) : 0;
}

interface Step {
  readonly name: string;
  /** The lowest wins. */
  readonly cost: (path: Path) => number;
}

const ORIGIN_COST = { igp: 0, egp: 1, incomplete: 2 } as const;

const STEPS_BEFORE_MED: readonly Step[] = [
  { name: 'local route', cost: (path) => (path.source.type === 'local' ? 0 : 1) },
  { name: 'router in session', cost: (path) => (path.isLastResort ? 1 : 0) },
  { name: 'LOCAL_PREF', cost: (path) => -localPref(path) },
  { name: 'AS_PATH length', cost: (path) => asPathLength(path.attributes.asPath) },
  { name: 'ORIGIN', cost: (path) => ORIGIN_COST[path.attributes.origin] },
];
const STEPS_AFTER_MED: readonly Step[] = [
  { name: 'eBGP over iBGP', cost: (path) => (path.source.type === 'ibgp' ? 1 : 0) },
];

function localPref(path: Path): number {
  return path.attributes.localPref ?? DEFAULT_LOCAL_PREF;
}

/** The same array if all are. */
function keepUsable(
  paths: readonly Path[],
  obstacleTo: ObstacleOf,
  reasons: Map<Path, string> | undefined,
): readonly Path[] {
  if (paths.every((path) => obstacleTo(path) === undefined)) return paths;
  return paths.filter((path) => {
    const obstacle = obstacleTo(path);
    if (obstacle !== undefined) reasons?.set(path, obstacle);
    return obstacle === undefined;
  });
}

function runSteps(candidates: readonly Path[], reasons: Map<Path, string> | undefined): readonly Path[] {
  let left = candidates;
  for (const step of STEPS_BEFORE_MED) left = keepLowest(left, step, reasons);
  left = dropHigherMed(left, reasons);
  for (const step of STEPS_AFTER_MED) left = keepLowest(left, step, reasons);
  const [only] = left;
  if (only === undefined || left.length === 1) return only?.alone ?? [];
  return [...left].sort(byIdentifiers);
}

function keepLowest(paths: readonly Path[], step: Step, reasons: Map<Path, string> | undefined): readonly Path[] {
  if (paths.length < 2) return paths;
  let lowest = Number.POSITIVE_INFINITY;
  for (const path of paths) lowest = Math.min(lowest, step.cost(path));
  const left = paths.filter((path) => step.cost(path) === lowest);
  if (reasons !== undefined && left.length < paths.length) {
    for (const path of paths) {
      if (step.cost(path) !== lowest) reasons.set(path, lossText(step, path, lowest));
    }
  }
  return left;
}

/** RFC 4271 9.1.2.2 c: compared only between routes of one neighbouring AS, so groups are thinned, not paths ranked. */
function dropHigherMed(paths: readonly Path[], reasons: Map<Path, string> | undefined): readonly Path[] {
  if (paths.length < 2) return paths;
  const lowest = new Map<number, number>();
  for (const { attributes } of paths) {
    const as = neighbouringAs(attributes);
    lowest.set(as, Math.min(lowest.get(as) ?? Number.POSITIVE_INFINITY, attributes.med ?? 0));
  }
  return paths.filter((path) => {
    const as = neighbouringAs(path.attributes);
    const med = path.attributes.med ?? 0;
    if (med === lowest.get(as)) return true;
    reasons?.set(path, `MED: ${med} is higher than ${lowest.get(as)} of AS ${as}`);
    return false;
  });
}

function lossText(step: Step, path: Path, lowest: number): string {
  switch (step.name) {
    case 'LOCAL_PREF':
      return `LOCAL_PREF: ${localPref(path)} is lower than ${-lowest}`;
    case 'AS_PATH length':
      return `AS_PATH length: ${asPathLength(path.attributes.asPath)} is longer than ${lowest}`;
    case 'ORIGIN':
      return `ORIGIN: ${path.attributes.origin} loses`;
    case 'router in session':
      return `router in session: ${lastResortText(path)}`;
    case 'local route':
      return 'local route: the instance is on this host';
    default:
      return `${step.name}: this one is from iBGP`;
  }
}

function lastResortText({ keptAs }: Path): string {
  if (keptAs === 'silent') return 'this one fell silent, and its routes are kept';
  if (keptAs === 'long-lived') return 'this one has been away for longer than its restart time (LLGR)';
  return 'this one keeps the route for a router that is away (LLGR_STALE)';
}

/** The best path has no reason of its own: it won by the step that put out the last of the others. */
function lastStepReason(reasons: ReadonlyMap<Path, string>): string {
  const last = [...reasons.values()].at(-1);
  return last === undefined ? 'best route' : `best by ${last.slice(0, last.indexOf(':'))}`;
}

/** RFC 4271 9.1.2.2 f and g with RFC 4456 section 9; several paths of one peer (RFC 7911) differ by their identifiers. */
function byIdentifiers(left: Path, right: Path): number {
  const byId = originator(left) - originator(right);
  if (byId !== 0) return byId;
  const byClusters = (left.attributes.clusterList?.length ?? 0) - (right.attributes.clusterList?.length ?? 0);
  if (byClusters !== 0) return byClusters;
  if (left.source.address !== right.source.address) return left.source.address < right.source.address ? -1 : 1;
  return (left.pathId ?? 0) - (right.pathId ?? 0);
}

/** A reflected route counts as its originator's. */
function originator({ attributes, source }: Path): number {
  return attributes.originatorId === undefined ? source.routerId : routerIdNumber(attributes.originatorId);
}
