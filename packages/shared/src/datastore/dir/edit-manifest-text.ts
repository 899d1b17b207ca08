import { isDeepStrictEqual } from 'node:util';
import { type Document, isMap, isScalar, isSeq, type Node, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import { type DocumentChunk, splitDocuments } from '../../manifests/document-chunks.ts';
import { isRecord } from '../../manifests/field-faults.ts';
import { formatManifest, manifestOf } from '../../manifests/format-manifest.ts';
import { readManifestDocument } from '../../manifests/manifest-document.ts';
import { timestampField } from '../../resources/field-types.ts';
import type { Resource } from '../../resources/resource.ts';
import { keyOf, type ResourceKey } from '../../resources/resource-key.ts';
import { findDocument } from './find-document.ts';

/**
 * `text` with the document of `resource` changed in place, or appended if it has none. Comments and the other
 * documents stay as they are; in the document itself, only what differs is written anew.
 */
export function putDocument(text: string, resource: Resource): string {
  const chunks = splitDocuments(text);
  const target = findDocument('', chunks, keyOf(resource))?.chunk;
  if (target === undefined) {
    const lead = text === '' || text.endsWith('\n') ? text : `${text}\n`;
    const marker = chunks.some((chunk) => !chunk.blank) ? '---\n' : '';
    return `${lead}${marker}${formatManifest(resource)}`;
  }
  const replacement = editChunk(target, resource);
  return chunks.map((chunk) => (chunk === target ? replacement : chunk.text)).join('');
}

/** `text` without the document of `key`: `undefined` if only comments are left, `text` itself if it has no such document. */
export function removeDocument(text: string, key: ResourceKey): string | undefined {
  const chunks = splitDocuments(text);
  const target = findDocument('', chunks, key)?.chunk;
  if (target === undefined) return text;
  const rest = chunks.filter((chunk) => chunk !== target);
  return rest.some((chunk) => !chunk.blank) ? rest.map((chunk) => chunk.text).join('') : undefined;
}

/** `metadata.creationTimestamp` of the document of `key`, which may be faulty otherwise. */
export function creationTimestampIn(text: string, key: ResourceKey): string | undefined {
  const target = findDocument('', text, key);
  const written = target && parseDocument(target.chunk.text).getIn(['metadata', 'creationTimestamp']);
  return timestampField.safeParse(written).data;
}

function editChunk(chunk: DocumentChunk, resource: Resource): string {
  const document = parseDocument(chunk.text);
  if (document.errors.length === 0 && isMap(document.contents)) {
    mergeMap(document, document.contents, manifestOf(resource), manifestOf(resource, { defaults: 'keep' }));
    const text = document.toString({ lineWidth: 0 });
    const outcome = readManifestDocument('', { text, offset: 0, line: 1, blank: false });
    if (outcome.type === 'resource' && isDeepStrictEqual(outcome.resource, resource)) return text;
  }
  return `${chunk.text.startsWith('---') ? '---\n' : ''}${formatManifest(resource)}`;
}

/** `lean` leaves defaults out, `full` has them: a default that somebody wrote stays written. */
function mergeMap(
  document: Document,
  map: YAMLMap,
  lean: Readonly<Record<string, unknown>>,
  full: Readonly<Record<string, unknown>>,
): void {
  for (const item of [...map.items]) {
    const name = isScalar(item.key) ? String(item.key.value) : String(item.key);
    if (Object.hasOwn(full, name)) item.value = mergeValue(document, item.value, lean[name] ?? full[name], full[name]);
    else map.delete(item.key);
  }
  for (const [name, value] of Object.entries(lean)) if (!map.has(name)) map.set(name, document.createNode(value));
}

function mergeValue(document: Document, node: unknown, lean: unknown, full: unknown): unknown {
  if (isMap(node) && isRecord(lean) && isRecord(full)) {
    mergeMap(document, node, lean, full);
    return node;
  }
  if (isSeq(node) && Array.isArray(lean) && Array.isArray(full)) return mergeSeq(document, node, lean, full);
  if (isScalar(node) && !isRecord(lean) && !Array.isArray(lean)) {
    if (node.value !== lean) node.value = lean;
    return node;
  }
  return document.createNode(lean);
}

/** Entries that stay keep their comments, also when entries before them come or go. */
function mergeSeq(document: Document, seq: YAMLSeq, lean: readonly unknown[], full: readonly unknown[]): Node {
  const old = seq.items.map((item) => ({ item, value: document.createNode(item).toJS(document) as unknown }));
  const unused = new Set(old);
  const exact = lean.map((value, index) => {
    const match = [...unused].find(
      (entry) => isDeepStrictEqual(entry.value, value) || isDeepStrictEqual(entry.value, full[index]),
    );
    if (match !== undefined) unused.delete(match);
    return match;
  });
  seq.items = lean.map((value, index) => {
    const match = exact[index];
    if (match !== undefined) return match.item;
    const samePlace = old[index];
    if (samePlace !== undefined && unused.delete(samePlace))
      return mergeValue(document, samePlace.item, value, full[index]);
    return document.createNode(value);
  });
  return seq;
}
