import {
  type DatastoreEntry,
  FabricError,
  formatManifest,
  manifestOf,
  matchesSelector,
  NAMESPACED_KINDS,
  parseSelector,
  type ResourceKind,
  resourceKey,
} from '@slash32/shared';
import type { Command } from 'commander';
import type { CliSession, CommandResult } from '../cli/cli-session.ts';
import { EXIT_CODE } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { type FabricContents, openFabric, readFabric } from '../fabric/open-fabric.ts';
import { problemWarnings } from '../fabric/problem-warnings.ts';
import { formatTable, type TableLayout } from '../output/table.ts';
import { namespaceOf, resourceColumns } from '../resource/resource-columns.ts';
import { parseResourceWords, type ResourceWords } from '../resource/resource-words.ts';

interface GetOptions {
  readonly namespace?: string;
  readonly allNamespaces?: true;
  readonly selector?: string;
  readonly showLabels?: true;
}

const EXAMPLES = `
Examples:
  fabricctl get instances                       those of the tenant \`default\`
  fabricctl get inst -A -o wide                 those of all tenants, every column, and the file each is from
  fabricctl get inst web-1 -n tenant-a -o yaml  as a manifest, ready to edit and apply
  fabricctl get inst -A -l 'role == "web" && has(rack)'
  fabricctl get all -A -o yaml > backup.yaml    everything, as one file to apply

Selectors: rack == "a", rack != "a", rack in {"a", "b"}, has(rack), !, &&, ||, parentheses.
`;

export function declareGet(parent: Command, session: CliSession): void {
  parent
    .command('get')
    .description('list resources, or show some')
    .argument('<kind>', 'kind of resource, several with commas, `all`, or KIND/NAME')
    .argument('[name...]', 'NAME, or NAMESPACE/NAME')
    .option('-n, --namespace <namespace>', 'tenant; `default` if left out')
    .option('-A, --all-namespaces', 'of all tenants')
    .option('-l, --selector <selector>', 'only resources whose labels match')
    .option('--show-labels', 'with a column of labels')
    .addHelpText('after', EXAMPLES)
    .action(session.action(getResources));
}

async function getResources(
  options: GetOptions & GlobalOptions,
  kind: string,
  names: readonly string[],
): Promise<CommandResult> {
  if (options.allNamespaces && options.namespace !== undefined) {
    throw new FabricError('usage.get', `-A and -n ${options.namespace} contradict each other; leave one out`);
  }
  const selector = options.selector === undefined ? undefined : parseSelector(options.selector);
  const words = parseResourceWords(kind, names, options.namespace);
  if (words.names.length > 0) return getNamed(options, words);

  const fabric = await readFabric(options);
  const shown = fabric.entries
    .filter(({ resource }) => words.kinds.includes(resource.kind))
    .filter(({ resource }) => options.allNamespaces || isIn(namespaceOf(resource), options.namespace ?? 'default'))
    .filter(({ resource }) => selector === undefined || matchesSelector(selector, resource.metadata.labels))
    .toSorted(byKindAndName);
  return {
    ...manifestOutput(shown),
    text: (layout, wide) =>
      shown.length === 0
        ? emptyText(fabric, words.kinds, options)
        : tablesText(shown, words.kinds, { ...options, wide }, layout),
    data: shown.map(({ resource }) => manifestOf(resource)),
    warnings: problemWarnings(fabric),
  };
}

/** Reads only what is asked for. */
async function getNamed(options: GetOptions & GlobalOptions, { kinds, names }: ResourceWords): Promise<CommandResult> {
  await using datastore = await openFabric(options);
  const found: DatastoreEntry[] = [];
  const diagnostics: string[] = [];
  for (const kind of kinds) {
    for (const { namespace, name } of names) {
      const entry = await datastore.get(resourceKey(kind, namespace, name));
      if (entry !== undefined) found.push(entry);
      else diagnostics.push(await notFoundLine(datastore.description, options, kind, namespace, name));
    }
  }
  return {
    ...manifestOutput(found),
    text: (layout, wide) => tablesText(found, kinds, { ...options, wide }, layout),
    data:
      names.length === 1 && found[0] !== undefined
        ? manifestOf(found[0].resource)
        : found.map(({ resource }) => manifestOf(resource)),
    diagnostics,
    exitCode: diagnostics.length > 0 ? EXIT_CODE.unavailable : EXIT_CODE.ok,
  };
}

function manifestOutput(entries: readonly DatastoreEntry[]): Pick<CommandResult, 'names' | 'yaml'> {
  return {
    names: entries.map(({ key }) => key),
    yaml: () => entries.map(({ resource }) => formatManifest(resource)).join('---\n'),
  };
}

/** One table per kind, since kinds have different columns. */
function tablesText(
  entries: readonly DatastoreEntry[],
  kinds: readonly ResourceKind[],
  { wide, showLabels, allNamespaces }: GetOptions & { readonly wide: boolean },
  layout: TableLayout,
): string {
  const tables: string[] = [];
  for (const kind of kinds) {
    const rows = entries.filter(({ resource }) => resource.kind === kind);
    if (rows.length === 0) continue;
    const namespaces = allNamespaces === true && NAMESPACED_KINDS.has(kind);
    const table = formatTable(rows, resourceColumns(kind, { wide, namespaces, labels: showLabels === true }), layout);
    tables.push(kinds.length > 1 ? `${layout.style('heading', kind)}\n${table}` : table);
  }
  return tables.join('\n');
}

function isIn(namespace: string | undefined, wanted: string): boolean {
  return namespace === undefined || namespace === wanted;
}

function byKindAndName(a: DatastoreEntry, b: DatastoreEntry): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** Says where the others are, since forgetting -A is what everybody does. */
function emptyText(fabric: FabricContents, kinds: readonly ResourceKind[], options: GetOptions): string {
  const what = kinds.length === 1 ? kinds[0] : 'resource of these kinds';
  const matching = options.selector === undefined ? '' : ` that matches ${options.selector}`;
  const namespaced = kinds.some((kind) => NAMESPACED_KINDS.has(kind)) && options.allNamespaces !== true;
  const where = namespaced ? ` in namespace ${options.namespace ?? 'default'}` : ` in ${fabric.description}`;
  const elsewhere = fabric.entries.filter(({ resource }) => kinds.includes(resource.kind)).length;
  const hint = namespaced && elsewhere > 0 ? `; -A shows all namespaces, which have ${elsewhere}` : '';
  return `No ${what}${matching}${where}${hint}.\n`;
}

async function notFoundLine(
  description: string,
  options: GetOptions & GlobalOptions,
  kind: ResourceKind,
  namespace: string | undefined,
  name: string,
): Promise<string> {
  const { entries } = await readFabric(options);
  const namesakes = entries
    .filter(({ resource }) => resource.kind === kind && resource.metadata.name === name)
    .map(({ key }) => key);
  const hint =
    namesakes.length > 0 ? `there is ${namesakes.join(', ')}` : `fabricctl get ${kind} -A lists those there are`;
  return `error: there is no ${resourceKey(kind, namespace, name)} in ${description}; ${hint}`;
}
