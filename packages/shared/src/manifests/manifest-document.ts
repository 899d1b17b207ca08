import {
  type Document,
  isMap,
  isNode,
  isPair,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
} from 'yaml';
import type { DatastoreProblem } from '../datastore/datastore.ts';
import { RESOURCE_KINDS, RESOURCE_SCHEMAS, type Resource, type ResourceKind } from '../resources/resource.ts';
import { keyOf, type ResourceKey, resourceKey } from '../resources/resource-key.ts';
import type { DocumentChunk } from './document-chunks.ts';
import { type FieldFault, faultsOf, formatPath, isRecord } from './field-faults.ts';
import { nearestName } from './nearest-name.ts';

/** What one document of a manifest file turned out to be. */
export type DocumentOutcome =
  /** Only comments. */
  | { readonly type: 'empty' }
  | { readonly type: 'resource'; readonly key: ResourceKey; readonly resource: Resource; readonly line: number }
  /** `key` where the document is readable enough to say which resource it means. */
  | { readonly type: 'faulty'; readonly key?: ResourceKey; readonly problems: readonly DatastoreProblem[] };

/** A place in a file, both from 1. */
interface Position {
  readonly line: number;
  readonly column: number;
}

const API_VERSION = 'slash32.dev/v1';

/** Reads and checks one document. `file` is for the problems. */
export function readManifestDocument(file: string, chunk: DocumentChunk): DocumentOutcome {
  if (chunk.blank) return { type: 'empty' };
  const lines = new LineCounter();
  // Its warnings would go to standard error with words of the manifest in them; the schema refuses what they are about.
  const document = parseDocument(chunk.text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const positionOf = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: chunk.line + line - 1, column: col };
  };
  const syntaxProblems = readSyntaxProblems(file, document, positionOf);
  if (syntaxProblems.length > 0) return { type: 'faulty', problems: syntaxProblems };

  const start = positionOf(document.contents?.range?.[0] ?? 0);
  const fail = (code: string, message: string, position: Position = start): DocumentOutcome => ({
    type: 'faulty',
    problems: [{ code, file, ...position, message }],
  });
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return fail('manifest.syntax', error instanceof Error ? error.message : String(error));
  }
  if (!isRecord(value)) {
    return fail('manifest.not-a-resource', 'a document must be a mapping with apiVersion, kind, metadata and spec');
  }
  const at = (...path: readonly (string | number)[]): Position => positionOf(offsetOf(document, path) ?? 0);
  if (value.kind === undefined) {
    return fail('manifest.missing-field', `\`kind\` is missing; write one of ${RESOURCE_KINDS.join(', ')}`);
  }
  const kind = RESOURCE_KINDS.find((candidate) => candidate === value.kind);
  if (kind === undefined) return fail('manifest.unknown-kind', unknownKindMessage(value.kind), at('kind'));
  if (value.apiVersion === undefined) {
    return fail('manifest.missing-field', `\`apiVersion\` is missing; write apiVersion: ${API_VERSION}`);
  }
  if (value.apiVersion !== API_VERSION) {
    const message = `apiVersion "${String(value.apiVersion)}" is unknown; write ${API_VERSION}`;
    return fail('manifest.unknown-api-version', message, at('apiVersion'));
  }

  const faults = faultsOf(RESOURCE_SCHEMAS[kind], value);
  if (faults.type === 'valid') {
    return { type: 'resource', key: keyOf(faults.output), resource: faults.output, line: start.line };
  }
  const key = identify(kind, value);
  return {
    type: 'faulty',
    ...(key === undefined ? {} : { key }),
    problems: faults.faults
      .map((fault) => ({
        code: fault.code,
        file,
        ...faultPosition(document, fault, positionOf),
        ...(key === undefined ? {} : { key }),
        path: formatPath(fault.path),
        message: fault.message,
      }))
      .sort((left, right) => left.line - right.line || left.column - right.column),
  };
}

function readSyntaxProblems(
  file: string,
  document: Document,
  positionOf: (offset: number) => Position,
): DatastoreProblem[] {
  const errors: readonly YAMLError[] = [...document.errors, ...document.warnings];
  const duplicates = errors.filter((error) => error.code === 'DUPLICATE_KEY');
  // After a first syntax error the rest follows from it.
  const reported = duplicates.length === errors.length ? duplicates : errors.slice(0, 1);
  return reported.map((error) => ({ file, ...positionOf(error.pos[0]), ...syntaxFault(error) }));
}

function syntaxFault(error: YAMLError): { code: string; message: string } {
  switch (error.code) {
    case 'DUPLICATE_KEY':
      return { code: 'manifest.duplicate-key', message: 'this field is in the mapping already; keep one of the two' };
    case 'TAB_AS_INDENT':
      return { code: 'manifest.tab', message: 'YAML cannot be indented with tabs; use spaces' };
    default:
      return { code: 'manifest.syntax', message: `not YAML: ${error.message}` };
  }
}

function unknownKindMessage(kind: unknown): string {
  const meant = typeof kind === 'string' ? nearestName(kind, RESOURCE_KINDS) : undefined;
  const remedy = meant === undefined ? `use one of ${RESOURCE_KINDS.join(', ')}` : `did you mean ${meant}?`;
  return `kind ${JSON.stringify(kind)} is unknown; ${remedy}`;
}

/** Which resource a faulty document means, if its names are well-formed. */
function identify(kind: ResourceKind, value: Record<string, unknown>): ResourceKey | undefined {
  const metadata = value.metadata;
  if (!isRecord(metadata)) return undefined;
  const { name, namespace } = metadata;
  if (typeof name !== 'string' || (namespace !== undefined && typeof namespace !== 'string')) return undefined;
  return resourceKey(kind, namespace, name);
}

/** At the field's value; at its name for an unknown one; at the nearest field around it for a missing one. */
function faultPosition(document: Document, fault: FieldFault, positionOf: (offset: number) => Position): Position {
  for (let length = fault.path.length; length > 0; length -= 1) {
    const path = fault.path.slice(0, length);
    const atName = length < fault.path.length || fault.code === 'manifest.unknown-field';
    const offset = offsetOf(document, path, atName);
    if (offset !== undefined) return positionOf(offset);
  }
  return positionOf(document.contents?.range?.[0] ?? 0);
}

/** Offset of the node at `path`, or of its name in the mapping around it. */
function offsetOf(document: Document, path: readonly (string | number)[], atName = false): number | undefined {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  const pair = isMap(parent) ? parent.items.find((item: Pair) => keyText(item.key) === String(last)) : undefined;
  if (atName && isPair(pair) && isNode(pair.key)) return startOf(pair.key);
  const node: unknown = document.getIn(path, true);
  if (isNode(node)) return startOf(node);
  return isPair(pair) && isNode(pair.key) ? startOf(pair.key) : undefined;
}

function startOf(node: Node): number | undefined {
  return node.range?.[0];
}

function keyText(key: unknown): string {
  return isNode(key) ? String(key.toJSON()) : String(key);
}
