import { type DatastoreEntry, FabricError, RESOURCE_KINDS, type ResourceKind } from '@slash32/shared';
import type { Command, Option } from 'commander';
import type { CliSession } from '../cli/cli-session.ts';
import { systemErrorCode } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { createWholeProgram } from '../cli/run-fabricctl.ts';
import { readFabric } from '../fabric/open-fabric.ts';
import { KIND_SHORT_NAMES, tryParseKind } from '../resource/kind-names.ts';
import { namespaceOf } from '../resource/resource-columns.ts';

export interface Candidate {
  readonly word: string;
  readonly about: string;
}

/** What an argument of a command is, by the names that the commands declare. */
type ArgumentKind = 'kind' | 'name' | 'instance' | 'peer' | 'subject' | 'other';

/**
 * Candidates for the last of `words`, the words of a command line after `fabricctl`. A datastore that cannot be read
 * has no names to offer; that is no error while typing.
 */
export async function completeWords(
  words: readonly string[],
  options: GlobalOptions,
  session: CliSession,
): Promise<readonly Candidate[]> {
  const program = await createWholeProgram(session);
  const unfinished = words.at(-1) ?? '';
  const { command, operands, pending, line } = walk(program, words.slice(0, -1), options);
  const candidates = await candidatesFor(command, operands, pending, unfinished, line);
  return candidates.filter(({ word }) => word.startsWith(unfinished)).toSorted((a, b) => (a.word < b.word ? -1 : 1));
}

interface Position {
  readonly command: Command;
  readonly operands: readonly string[];
  /** An option whose value the unfinished word is. */
  readonly pending: Option | undefined;
  /** Options that stand on the line and change what names there are. */
  readonly line: Pick<GlobalOptions, 'datastore'> & { readonly namespace?: string };
}

function walk(program: Command, finished: readonly string[], options: GlobalOptions): Position {
  let command = program;
  let pending: Option | undefined;
  let line: Position['line'] = { datastore: options.datastore };
  const operands: string[] = [];
  for (const word of finished) {
    if (pending !== undefined) {
      if (pending.attributeName() === 'datastore') line = { ...line, datastore: word };
      if (pending.attributeName() === 'namespace') line = { ...line, namespace: word };
      pending = undefined;
    } else if (word.startsWith('-')) {
      const option = optionsOf(command).find(({ long, short }) => word === long || word === short);
      if (option?.required || option?.optional) pending = option;
    } else {
      const next = operands.length === 0 ? subcommand(command, word) : undefined;
      if (next === undefined) operands.push(word);
      else command = next;
    }
  }
  return { command, operands, pending, line };
}

async function candidatesFor(
  command: Command,
  operands: readonly string[],
  pending: Option | undefined,
  unfinished: string,
  line: Position['line'],
): Promise<readonly Candidate[]> {
  if (pending !== undefined) {
    switch (pending.attributeName()) {
      case 'namespace':
        return namespaces(line);
      case 'instance':
        return names('Instance', line);
      case 'from':
      case 'to':
        return ends(line);
      case 'ignore':
        return lintChecks();
      case 'advertised':
      case 'withheld':
      case 'source':
        return names('BGPPeer', line);
    }
    return (pending.argChoices ?? []).map((word) => ({ word, about: '' }));
  }
  if (unfinished.startsWith('-')) {
    return optionsOf(command)
      .filter(({ hidden }) => !hidden)
      .map((option) => ({ word: option.long ?? option.short ?? '', about: option.description }));
  }
  const visible = command.createHelp().visibleCommands(command);
  if (visible.length > 0 && operands.length === 0) {
    return visible.map((each) => ({ word: each.name(), about: each.description() }));
  }
  switch (argumentKind(command, operands.length)) {
    case 'kind':
      return kinds();
    case 'name':
      return names(tryParseKind(operands[0] ?? ''), line);
    case 'instance':
      return ends(line);
    case 'peer':
      return names('BGPPeer', line);
    case 'subject':
      return [...(await names('SecurityGroup', line)), ...(await names('Instance', line))];
    case 'other':
      return [];
  }
}

function argumentKind(command: Command, index: number): ArgumentKind {
  const declared = command.registeredArguments;
  const argument = declared[index] ?? (declared.at(-1)?.variadic ? declared.at(-1) : undefined);
  switch (argument?.name()) {
    case 'kind':
      return 'kind';
    case 'name':
      return 'name';
    case 'instance':
    case 'source':
      return 'instance';
    case 'peer':
      return 'peer';
    case 'subject':
      return 'subject';
    default:
      return 'other';
  }
}

function optionsOf(command: Command): readonly Option[] {
  return command.parent === null ? command.options : [...command.options, ...optionsOf(command.parent)];
}

function subcommand(command: Command, word: string): Command | undefined {
  return command.commands.find((candidate) => candidate.name() === word || candidate.aliases().includes(word));
}

function kinds(): readonly Candidate[] {
  return RESOURCE_KINDS.flatMap((kind) => [
    { word: kind.toLowerCase(), about: kind },
    ...KIND_SHORT_NAMES[kind].slice(0, 1).map((word) => ({ word, about: kind })),
  ]);
}

async function names(kind: ResourceKind | undefined, line: Position['line']): Promise<readonly Candidate[]> {
  const entries = await entriesOf(line);
  return entries
    .filter(({ resource }) => resource.kind === kind)
    .map(({ resource }) => {
      const namespace = namespaceOf(resource);
      const isHere = namespace === undefined || namespace === (line.namespace ?? 'default');
      return { word: isHere ? resource.metadata.name : `${namespace}/${resource.metadata.name}`, about: '' };
    });
}

async function ends(line: Position['line']): Promise<readonly Candidate[]> {
  return [...(await names('Instance', line)), { word: 'internet', about: 'some address outside' }];
}

async function lintChecks(): Promise<readonly Candidate[]> {
  const { LINT_CHECKS } = await import('@slash32/policy-compiler');
  return Object.entries(LINT_CHECKS).map(([word, { about }]) => ({ word, about }));
}

async function namespaces(line: Position['line']): Promise<readonly Candidate[]> {
  const entries = await entriesOf(line);
  const all = new Set(entries.map(({ resource }) => namespaceOf(resource)).filter((name) => name !== undefined));
  return [...all].map((word) => ({ word, about: '' }));
}

async function entriesOf(line: Position['line']): Promise<readonly DatastoreEntry[]> {
  try {
    return (await readFabric(line)).entries;
  } catch (error) {
    if (error instanceof FabricError || systemErrorCode(error) !== undefined) return [];
    throw error;
  }
}
