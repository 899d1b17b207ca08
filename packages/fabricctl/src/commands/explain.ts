import { explainKind, type FieldExplanation, jsonSchemaOf, RESOURCE_KINDS } from '@slash32/shared';
import { type Command, Option } from 'commander';
import type { CliSession, CommandResult } from '../cli/cli-session.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { formatTable, type TableLayout, wrapText } from '../output/table.ts';
import { KIND_SHORT_NAMES, parseKind } from '../resource/kind-names.ts';

interface ExplainOptions {
  readonly schema?: true;
}

const EXAMPLES = `
Examples:
  fabricctl explain                             the kinds there are
  fabricctl explain instance                    every field of an Instance
  fabricctl explain sg.spec.rules               what a rule may say
  fabricctl explain sg --schema > sg.schema.json        JSON Schema, for editors
`;

export function declareExplain(parent: Command, session: CliSession): void {
  parent
    .command('explain')
    .description('describe the fields of a kind of resource')
    .argument('[kind]', 'KIND, or KIND.PATH')
    .addOption(new Option('--schema', 'print JSON Schema (draft 2020-12)'))
    .addHelpText('after', EXAMPLES)
    .action(session.action(explain));
}

function explain(options: ExplainOptions & GlobalOptions, word: string | undefined): CommandResult {
  if (word === undefined) return explainKinds();
  const dot = word.indexOf('.');
  const kind = parseKind(dot < 0 ? word : word.slice(0, dot));
  if (options.schema) {
    const schema = jsonSchemaOf(kind);
    return { data: schema, text: () => `${JSON.stringify(schema, undefined, 2)}\n` };
  }
  const field = explainKind(kind, dot < 0 ? '' : word.slice(dot + 1));
  return {
    data: { kind, ...field },
    text: (layout) => fieldText(kind, field, layout),
  };
}

function explainKinds(): CommandResult {
  const kinds = RESOURCE_KINDS.map((kind) => ({
    kind,
    shortNames: KIND_SHORT_NAMES[kind],
    description: explainKind(kind).description ?? '',
  }));
  return {
    data: kinds,
    text: (layout) =>
      formatTable(
        kinds,
        [
          { header: 'KIND', value: ({ kind }) => kind },
          { header: 'SHORT', value: ({ shortNames }) => shortNames.join(', ') },
          { header: 'DESCRIPTION', value: ({ description }) => description, wrap: true },
        ],
        layout,
      ),
  };
}

function fieldText(kind: string, field: FieldExplanation, layout: TableLayout): string {
  const title = field.path === '' ? kind : `${kind}.${field.path}`;
  const about = [field.description, defaultText(field) && `default: ${defaultText(field)}`].filter(
    (text) => text !== undefined && text !== '',
  );
  const head = [`${layout.style('heading', title)}  ${field.type}`];
  for (const text of about) head.push(...wrapText(text ?? '', (layout.width ?? 100) - 2).map((line) => `  ${line}`));
  const rows = flatten(field.fields, 0);
  if (rows.length === 0) return `${head.join('\n')}\n`;
  const table = formatTable(
    rows,
    [
      { header: 'FIELD', value: ({ field: { path }, depth }) => `${'  '.repeat(depth)}${lastName(path)}` },
      { header: 'TYPE', value: ({ field: { type } }) => type, wrap: true },
      { header: 'DEFAULT', value: ({ field: each }) => (each.required ? 'required' : defaultText(each)) },
      { header: 'DESCRIPTION', value: ({ field: { description } }) => description ?? '', wrap: true },
    ],
    layout,
  );
  return `${head.join('\n')}\n\n${table}`;
}

interface FieldRow {
  readonly field: FieldExplanation;
  readonly depth: number;
}

function flatten(fields: readonly FieldExplanation[], depth: number): readonly FieldRow[] {
  return fields.flatMap((field) => [{ field, depth }, ...flatten(field.fields, depth + 1)]);
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1).replace(/\[\]$/, '');
}

function defaultText({ default: value }: FieldExplanation): string {
  return value === undefined ? '' : JSON.stringify(value);
}
