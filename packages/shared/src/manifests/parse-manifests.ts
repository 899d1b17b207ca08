import type { DatastoreProblem, ResourceOrigin } from '../datastore/datastore.ts';
import type { Resource } from '../resources/resource.ts';
import type { ResourceKey } from '../resources/resource-key.ts';
import { splitDocuments } from './document-chunks.ts';
import { readManifestDocument } from './manifest-document.ts';

/** A valid resource and where it was read. */
export interface ParsedManifest {
  readonly key: ResourceKey;
  readonly resource: Resource;
  readonly origin: ResourceOrigin;
}

export interface ManifestSource {
  /** For messages; `-` for standard input. */
  readonly file: string;
  readonly text: string;
}

export interface ManifestParseResult {
  readonly manifests: readonly ParsedManifest[];
  /** Everything that is wrong, in the order of sources and lines. */
  readonly problems: readonly DatastoreProblem[];
}

/**
 * Reads multi-document YAML. Each document is judged by itself: one that is wrong becomes problems, the others
 * manifests. A resource that appears a second time, in the same or another source, is a problem there.
 */
export function parseManifests(...sources: readonly ManifestSource[]): ManifestParseResult {
  const manifests = new Map<ResourceKey, ParsedManifest>();
  const problems: DatastoreProblem[] = [];
  for (const { file, text } of sources) {
    for (const chunk of splitDocuments(text)) {
      const outcome = readManifestDocument(file, chunk);
      if (outcome.type === 'faulty') problems.push(...outcome.problems);
      if (outcome.type !== 'resource') continue;
      const { key, resource, line } = outcome;
      const first = manifests.get(key);
      if (first === undefined) manifests.set(key, { key, resource, origin: { file, line } });
      else problems.push(duplicateProblem(key, { file, line }, first.origin));
    }
  }
  return { manifests: [...manifests.values()], problems };
}

/** The resource `key` at `duplicate` does not count, because it is at `first` as well. */
export function duplicateProblem(key: ResourceKey, duplicate: ResourceOrigin, first: ResourceOrigin): DatastoreProblem {
  return {
    code: 'manifest.duplicate-resource',
    ...duplicate,
    key,
    message: `${key} is defined at ${first.file}:${first.line} already, which counts; delete one of the two`,
  };
}
