import {
  type Datastore,
  FabricError,
  parseResourceKey,
  type ResourceFinding,
  type ResourceKey,
  type ResourceKind,
  resourceKey,
} from '@slash32/shared';
import type { Command } from 'commander';
import type { CliSession, CommandResult } from '../cli/cli-session.ts';
import { EXIT_CODE } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { openFabric } from '../fabric/open-fabric.ts';
import { inApplyOrder } from '../fabric/resource-order.ts';
import { readManifests } from '../manifest/manifest-input.ts';
import { countText, findingLine, problemLine } from '../manifest/problem-line.ts';
import { parseResourceWords } from '../resource/resource-words.ts';
import { collect } from './apply.ts';

interface DeleteOptions {
  readonly filename: readonly string[];
  readonly namespace?: string;
  readonly dryRun?: true;
  readonly ignoreNotFound?: true;
}

/** Nothing breaks when one of these goes. */
const UNREFERRED_KINDS: ReadonlySet<ResourceKind> = new Set(['Instance', 'BGPPeer']);

const EXAMPLES = `
Examples:
  fabricctl delete instance web-1 -n tenant-a
  fabricctl delete sg tenant-a/web              NAMESPACE/NAME does as well
  fabricctl delete -f web.yaml                  what the file names, whatever it says about it
  fabricctl delete --dry-run sg tenant-a/web    what would it break?

Warns of what others lose: an instance whose group or network is gone is closed.
`;

export function declareDelete(parent: Command, session: CliSession): void {
  parent
    .command('delete')
    .description('delete resources by name or by manifest')
    .argument('[kind]', 'kind of resource, or KIND/NAME')
    .argument('[name...]', 'NAME, or NAMESPACE/NAME')
    .option('-f, --filename <path>', 'file, directory, or - for standard input; repeatable', collect, [])
    .option('-n, --namespace <namespace>', 'tenant; `default` if left out')
    .option('--dry-run', 'change nothing; say what would be deleted')
    .option('--ignore-not-found', 'what is not there is no error')
    .addHelpText('after', EXAMPLES)
    .action(
      session.action((options: DeleteOptions & GlobalOptions, kind: string | undefined, names: readonly string[]) =>
        deleteResources(options, kind, names, session),
      ),
    );
}

async function deleteResources(
  options: DeleteOptions & GlobalOptions,
  kind: string | undefined,
  names: readonly string[],
  session: CliSession,
): Promise<CommandResult> {
  const wanted = await wantedKeys(options, kind, names, session);
  if ('problems' in wanted) return wanted.problems;
  await using datastore = await openFabric(options);
  const dryRun = options.dryRun === true;
  const findings = await findingsOf(datastore, wanted.keys);
  const deleted: ResourceKey[] = [];
  const missing: ResourceKey[] = [];
  for (const key of wanted.keys) {
    const existed = dryRun ? (await datastore.get(key)) !== undefined : await datastore.delete(key);
    (existed ? deleted : missing).push(key);
  }
  const fails = missing.length > 0 && options.ignoreNotFound !== true;
  return {
    data: { dryRun, deleted, notFound: missing, findings },
    text: ({ style }) =>
      deleted.map((key) => `${key} ${style('good', dryRun ? 'deleted (dry run)' : 'deleted')}\n`).join(''),
    names: deleted,
    warnings: findings.map(findingLine),
    ...(fails
      ? {
          diagnostics: missing.map(
            (key) =>
              `error: there is no ${key} in ${datastore.description}; fabricctl get ${key.split('/')[0]} -A lists those there are`,
          ),
          exitCode: EXIT_CODE.unavailable,
        }
      : {}),
  };
}

/** What others lose; the whole fabric is loaded only if it has something that others refer to. */
async function findingsOf(datastore: Datastore, keys: readonly ResourceKey[]): Promise<readonly ResourceFinding[]> {
  if (keys.every((key) => UNREFERRED_KINDS.has(parseResourceKey(key).kind))) return [];
  const [{ findingsOfChange }, { entries }] = await Promise.all([
    import('../fabric/finding-changes.ts'),
    datastore.list(),
  ]);
  return findingsOfChange(
    entries.map(({ resource }) => resource),
    { delete: keys },
  );
}

/** What is to go, those that others refer to last. */
async function wantedKeys(
  options: DeleteOptions,
  kind: string | undefined,
  names: readonly string[],
  session: CliSession,
): Promise<{ readonly keys: readonly ResourceKey[] } | { readonly problems: CommandResult }> {
  if (options.filename.length > 0) {
    if (kind !== undefined) throw new FabricError('usage.delete', 'give either -f or KIND NAME, not both');
    const { manifests, problems } = await readManifests(options.filename, session.io);
    if (problems.length === 0) {
      return {
        keys: inApplyOrder(manifests)
          .map(({ key }) => key)
          .toReversed(),
      };
    }
    const summary = `error: ${countText(problems.length, 'problem')}; nothing was deleted`;
    return {
      problems: {
        data: { deleted: [], problems },
        text: () => '',
        diagnostics: [...problems.map(problemLine), summary],
        exitCode: EXIT_CODE.invalid,
      },
    };
  }
  if (kind === undefined) throw new FabricError('usage.delete', 'say what to delete: KIND NAME, or -f FILE');
  const words = parseResourceWords(kind, names, options.namespace);
  if (words.names.length === 0) {
    throw new FabricError(
      'usage.delete',
      `say which ${words.kinds.join(', ')} to delete: fabricctl delete ${kind} NAME`,
    );
  }
  return {
    keys: words.kinds.flatMap((each) => words.names.map(({ namespace, name }) => resourceKey(each, namespace, name))),
  };
}
