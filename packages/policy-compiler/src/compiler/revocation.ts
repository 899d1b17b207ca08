import type { NftRule } from '@slash32/shared';
import type { SetDifference, TableDifference } from '../diff/order-changes.ts';
import { NAMES } from '../ir/names.ts';
import { isCompiled } from '../ir/rule.ts';

/** What is in these is forbidden something, so what comes takes away. */
const RESTRICTIVE: ReadonlySet<string> = new Set(Object.values(NAMES.hosts));

/**
 * True if the differences may take something away from a flow: anything but plain additions. Then flows that passed
 * before have to be judged again. The `arp` table has no flows.
 */
export function mayRevoke(differences: readonly TableDifference[]): boolean {
  return differences.some((difference) => difference.table.startsWith('inet ') && tableMayRevoke(difference));
}

function tableMayRevoke({ change, sets, chains }: TableDifference): boolean {
  if (change !== 'change') return true;
  for (const [name, set] of sets) {
    if (set.before !== undefined && set.after === undefined) return true;
    const [restricts, opens] = RESTRICTIVE.has(name) ? [set.added.size > 0, []] : [false, set.deleted];
    if (restricts || opens.some((key) => !onlyCommentDiffers(set, key))) return true;
  }
  for (const { before, after } of chains.values()) {
    if (before === undefined) continue;
    if (after === undefined) return true;
    const kept = before.rules.filter((some) => !becameElement(some, after.rules, sets));
    if (!isAdditive(kept, after.rules)) return true;
  }
  return false;
}

/** True if all rules are still there, in the same order, and those that are new cannot end in a drop of their own. */
function isAdditive(before: readonly NftRule[], after: readonly NftRule[]): boolean {
  let next = 0;
  for (const some of after) {
    if (sameEffect(some, before[next])) next += 1;
    else if (!onlyAllows(some)) return false;
  }
  return next === before.length;
}

/** In a set, what is behind the key is a comment. */
function onlyCommentDiffers({ after, added }: SetDifference, key: string): boolean {
  return after !== undefined && after.dataType === undefined && added.has(key);
}

/** The digest at the end of a comment is of the rule's text; what stands before it is for people. */
function sameEffect(left: NftRule, right: NftRule | undefined): boolean {
  return right !== undefined && digestOf(left.comment) === digestOf(right.comment);
}

function digestOf(comment: string): string {
  return comment.slice(comment.lastIndexOf(' #') + 1);
}

/** A rule that stood for a set of one element gives way to that set, which has the element. */
function becameElement(some: NftRule, after: readonly NftRule[], sets: TableDifference['sets']): boolean {
  const insteadOf = isCompiled(some) ? some.insteadOf : undefined;
  if (insteadOf === undefined || sets.get(insteadOf.set)?.added.has(insteadOf.element) !== true) return false;
  return after.some(
    (other) =>
      isCompiled(other) && other.matches.some((match) => match.kind === 'lookup' && match.set === insteadOf.set),
  );
}

function onlyAllows(some: NftRule): boolean {
  const last = isCompiled(some) ? some.statements.at(-1) : undefined;
  return last !== undefined && (last.kind === 'accept' || last.kind === 'goto' || last.kind === 'jump');
}
