import { manifestOf, type Resource } from '@slash32/shared';

/** Paths of the fields that differ, as people write them: `spec.addresses[1]`, `metadata.labels.role`. */
export function changedPaths(before: Resource, after: Resource): readonly string[] {
  return [...differences(manifestOf(before), manifestOf(after), '')];
}

function* differences(before: unknown, after: unknown, path: string): Generator<string> {
  if (Object.is(before, after)) return;
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (const [index, item] of before.entries()) yield* differences(item, after[index], `${path}[${index}]`);
  } else if (isRecord(before) && isRecord(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      yield* differences(before[name], after[name], path === '' ? name : `${path}.${name}`);
    }
  } else yield path;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
