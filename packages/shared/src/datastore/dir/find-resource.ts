import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { splitDocuments } from '../../manifests/document-chunks.ts';
import { readManifestDocument } from '../../manifests/manifest-document.ts';
import { parseResourceKey, type ResourceKey } from '../../resources/resource-key.ts';
import type { DatastoreEntry } from '../datastore.ts';
import { readManifestFile } from './manifest-file.ts';
import { listManifests } from './scan-tree.ts';

export interface FoundResource {
  /** Below the root: the file whose definition counts, or a file that means to define it and is faulty. */
  readonly path: string;
  /** Absent if every definition is faulty. */
  readonly entry?: DatastoreEntry;
}

/** Where `slash32` puts a resource that is in no file yet. */
export function defaultPathOf(key: ResourceKey): string {
  const { kind, namespace, name } = parseResourceKey(key);
  return [kind.toLowerCase(), ...(namespace === undefined ? [] : [namespace]), `${name}.yaml`].join('/');
}

/**
 * Looks for one resource in all files, without parsing those that do not contain its name: for a tool that changes one
 * resource of thousands.
 */
export function findResource(root: string, key: ResourceKey): FoundResource | undefined {
  const { name } = parseResourceKey(key);
  let faulty: FoundResource | undefined;
  for (const path of listManifests(root)) {
    const file = join(root, path);
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      continue; // Gone since it was listed, or not readable: it defines nothing that counts.
    }
    if (!text.includes(name)) continue;
    const entry = readManifestFile(file, text).entries.get(key);
    if (entry !== undefined) return { path, entry };
    if (faulty === undefined && meansToDefine(text, key)) faulty = { path };
  }
  return faulty;
}

function meansToDefine(text: string, key: ResourceKey): boolean {
  return splitDocuments(text).some((chunk) => {
    const outcome = readManifestDocument('', chunk);
    return outcome.type === 'faulty' && outcome.key === key;
  });
}
