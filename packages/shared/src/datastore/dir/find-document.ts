import { type DocumentChunk, splitDocuments } from '../../manifests/document-chunks.ts';
import { readManifestDocument } from '../../manifests/manifest-document.ts';
import { parseResourceKey, type ResourceKey } from '../../resources/resource-key.ts';
import type { DatastoreEntry } from '../datastore.ts';
import { revisionOf } from '../revision.ts';

export interface FoundDocument {
  readonly chunk: DocumentChunk;
  /** Absent if the document is faulty. */
  readonly entry?: DatastoreEntry;
}

/**
 * The document of `text` that defines `key`; else the first faulty one that means to. The same as reading the whole
 * file gives, but parses only documents that may be it. `file` is for the entry's origin.
 */
export function findDocument(
  file: string,
  text: string | readonly DocumentChunk[],
  key: ResourceKey,
): FoundDocument | undefined {
  const isNamedIn = namesResource(key);
  const mayDefine = (some: string): boolean => isNamedIn(some) || mayHideNames(some);
  if (typeof text === 'string' && !mayDefine(text)) return undefined;
  let faulty: FoundDocument | undefined;
  for (const chunk of typeof text === 'string' ? splitDocuments(text) : text) {
    if (!mayDefine(chunk.text)) continue;
    const outcome = readManifestDocument(file, chunk);
    if (outcome.type === 'empty' || outcome.key !== key) continue;
    if (outcome.type === 'faulty') faulty ??= { chunk };
    else {
      const { resource, line } = outcome;
      return { chunk, entry: { key, resource, revision: revisionOf(resource), origin: { file, line } } };
    }
  }
  return faulty;
}

/** Whether a text has the kind and the name in it. What defines the resource does, unless it {@link mayHideNames}. */
export function namesResource(key: ResourceKey): (text: string) => boolean {
  const { kind, name } = parseResourceKey(key);
  const named = new RegExp(`(?<![a-z0-9-])${RegExp.escape(name)}(?![a-z0-9-])`);
  return (text) => text.includes(kind) && named.test(text);
}

/** `"\x76m"` is vm. */
export function mayHideNames(text: string): boolean {
  return text.includes('\\');
}
