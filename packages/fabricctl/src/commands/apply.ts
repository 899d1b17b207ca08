import type { Datastore, ParsedManifest, ResourceFinding } from '@slash32/shared';
import type { Command } from 'commander';
import type { CliSession, CommandResult } from '../cli/cli-session.ts';
import { errorText } from '../cli/error-line.ts';
import { EXIT_CODE, exitCodeOf } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { type AppliedResource, applyResource } from '../fabric/apply-resource.ts';
import { openFabric } from '../fabric/open-fabric.ts';
import { inApplyOrder } from '../fabric/resource-order.ts';
import { readManifests } from '../manifest/manifest-input.ts';
import { countText, findingLine, problemLine } from '../manifest/problem-line.ts';
import type { Tone } from '../output/text-style.ts';

interface ApplyOptions {
  readonly filename: readonly string[];
  readonly dryRun?: true;
}

const EXAMPLES = `
Examples:
  fabricctl apply -f web.yaml                   create or change what the file says
  fabricctl apply -f manifests/                 every *.yaml and *.yml below
  fabricctl get sg web -o yaml | sed … | fabricctl apply -f -
  fabricctl apply --dry-run -f web.yaml         what would change, and what it would break

All manifests are checked first; if one is invalid, nothing is applied and the exit code is 3.
Resources that others refer to are written first.
`;

export function declareApply(parent: Command, session: CliSession): void {
  parent
    .command('apply')
    .description('create or change resources from manifests')
    .requiredOption('-f, --filename <path>', 'file, directory, or - for standard input; repeatable', collect)
    .option('--dry-run', 'change nothing; say what would change')
    .addHelpText('after', EXAMPLES)
    .action(session.action((options: ApplyOptions & GlobalOptions) => apply(options, session)));
}

/** commander's parser for an option that may be given several times. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

async function apply(options: ApplyOptions & GlobalOptions, session: CliSession): Promise<CommandResult> {
  const { manifests, problems } = await readManifests(options.filename, session.io);
  if (problems.length > 0) {
    return {
      data: { applied: [], problems },
      text: () => '',
      diagnostics: [
        ...problems.map(problemLine),
        `error: ${countText(problems.length, 'problem')}; nothing was applied`,
      ],
      exitCode: EXIT_CODE.invalid,
    };
  }
  await using datastore = await openFabric(options);
  const dryRun = options.dryRun === true;
  const { applied, failure } = await applyAll(datastore, inApplyOrder(manifests), dryRun);
  const findings = dryRun ? await findingsOf(datastore, manifests) : [];
  const left = manifests.length - applied.length;
  return {
    data: { dryRun, applied, findings },
    text: ({ style }) =>
      applied.map((outcome) => `${outcome.key} ${style(toneOf(outcome), outcomeText(outcome, dryRun))}\n`).join(''),
    names: applied.map(({ key }) => key),
    warnings: findings.map(findingLine),
    ...(failure === undefined
      ? {}
      : {
          diagnostics: [
            errorText(failure, 'table', false).trimEnd(),
            `error: ${left} of ${countText(manifests.length, 'resource')} not applied; apply again once this is mended`,
          ],
          exitCode: exitCodeOf(failure),
        }),
  };
}

/** Stops at the first write that fails: what follows may rely on it. */
async function applyAll(
  datastore: Datastore,
  manifests: readonly ParsedManifest[],
  dryRun: boolean,
): Promise<{ readonly applied: readonly AppliedResource[]; readonly failure?: unknown }> {
  const applied: AppliedResource[] = [];
  for (const { key, resource } of manifests) {
    try {
      applied.push(await applyResource(datastore, resource, await datastore.get(key), dryRun));
    } catch (error) {
      if (exitCodeOf(error) === EXIT_CODE.internal) throw error;
      return { applied, failure: error };
    }
  }
  return { applied };
}

/** The whole fabric is loaded only for a dry run; `validate` and `status` say the same at any time. */
async function findingsOf(
  datastore: Datastore,
  manifests: readonly ParsedManifest[],
): Promise<readonly ResourceFinding[]> {
  const [{ findingsOfChange }, { entries }] = await Promise.all([
    import('../fabric/finding-changes.ts'),
    datastore.list(),
  ]);
  return findingsOfChange(
    entries.map(({ resource }) => resource),
    { put: manifests.map(({ resource }) => resource) },
  );
}

function toneOf({ action }: AppliedResource): Tone {
  return action === 'unchanged' ? 'quiet' : 'good';
}

function outcomeText({ action, changed }: AppliedResource, dryRun: boolean): string {
  const shown = changed?.slice(0, 3) ?? [];
  const more = (changed?.length ?? 0) - shown.length;
  const fields = shown.length === 0 ? '' : ` (${[...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ')})`;
  return `${action}${fields}${dryRun ? ' (dry run)' : ''}`;
}
