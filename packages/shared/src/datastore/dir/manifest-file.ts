import { splitDocuments } from '../../manifests/document-chunks.ts';
import { readManifestDocument } from '../../manifests/manifest-document.ts';
import { duplicateProblem } from '../../manifests/parse-manifests.ts';
import type { ResourceKey } from '../../resources/resource-key.ts';
import type { DatastoreEntry, DatastoreProblem } from '../datastore.ts';
import { revisionOf } from '../revision.ts';

/** What a file of the directory stands for: what it says now, or said when it could last be understood. */
export interface ManifestFile {
  readonly entries: ReadonlyMap<
    ResourceKey,
    DatastoreEntry & { readonly origin: { readonly file: string; readonly line: number } }
  >;
  readonly problems: readonly DatastoreProblem[];
}

/**
 * Reads a file. A resource of `previous` that is missing now stays in its last good version if a faulty document may
 * be it: one that names it, or one that cannot be read far enough to name any.
 */
export function readManifestFile(file: string, text: string, previous?: ManifestFile): ManifestFile {
  const entries = new Map<ResourceKey, DatastoreEntry & { origin: { file: string; line: number } }>();
  const problems: DatastoreProblem[] = [];
  const faultyKeys = new Set<ResourceKey | undefined>();
  for (const chunk of splitDocuments(text)) {
    const outcome = readManifestDocument(file, chunk);
    if (outcome.type === 'faulty') {
      problems.push(...outcome.problems);
      faultyKeys.add(outcome.key);
    }
    if (outcome.type !== 'resource') continue;
    const { key, resource, line } = outcome;
    const first = entries.get(key);
    if (first === undefined)
      entries.set(key, { key, resource, revision: revisionOf(resource), origin: { file, line } });
    else problems.push(duplicateProblem(key, { file, line }, first.origin));
  }
  if (previous !== undefined && faultyKeys.size > 0) {
    for (const [key, entry] of previous.entries) {
      if (!entries.has(key) && (faultyKeys.has(key) || faultyKeys.has(undefined))) entries.set(key, entry);
    }
  }
  return { entries, problems };
}

/** The file's last good state, with the one problem that keeps it from being read. */
export function unreadableManifestFile(file: string, reason: string, previous?: ManifestFile): ManifestFile {
  return {
    entries: previous?.entries ?? new Map(),
    problems: [{ code: 'manifest.unreadable', file, message: `${file} cannot be read: ${reason}` }],
  };
}
