import type { Resource } from '@slash32/shared';
import type { FabricModel } from '../model/fabric-model.ts';
import { compareText } from '../model/resource-name.ts';
import { addressPairs } from './address-pairs.ts';
import { missingReplies, remotesOutOfReach } from './ineffective-rules.ts';
import { LintContext } from './lint-context.ts';
import type { LintFinding } from './lint-finding.ts';
import { openPorts } from './open-ports.ts';
import { redundantRules } from './redundant-rules.ts';
import { emptyRemotes, groupWithoutMembers, unusedAddressGroups } from './unused-groups.ts';

/**
 * What is valid but probably not meant: rules that are too wide, needless or without effect, things that nothing uses.
 * `model` is of `resources`. Sorted by resource, path in the order of the manifest, and code.
 */
export function lintPolicy(model: FabricModel, resources: readonly Resource[]): readonly LintFinding[] {
  const context = new LintContext(model, resources);
  const findings = [
    ...context.groups.flatMap((group) => [
      ...openPorts(group),
      ...redundantRules(group),
      ...groupWithoutMembers(group, context),
      ...emptyRemotes(group, context),
      ...remotesOutOfReach(group, context),
      ...missingReplies(group, context),
    ]),
    ...context.instances.flatMap((instance) => addressPairs(instance, context)),
    ...unusedAddressGroups(context),
  ];
  return findings.sort(
    (left, right) =>
      compareText(left.resource, right.resource) ||
      indexIn(left.path) - indexIn(right.path) ||
      compareText(left.code, right.code),
  );
}

/** The number in `spec.rules[2].remote`; −1 without one. */
function indexIn(path: string | undefined): number {
  return Number(/\[(\d+)\]/.exec(path ?? '')?.[1] ?? -1);
}
