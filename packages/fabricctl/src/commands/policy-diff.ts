import type { ReachabilityDifference } from '@slash32/policy-compiler';
import type { Resource } from '@slash32/shared';
import type { Command } from 'commander';
import type { CliSession, CommandResult } from '../cli/cli-session.ts';
import { EXIT_CODE } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import type { HostChanges, KernelChange } from '../fabric/kernel-changes.ts';
import { readFabric } from '../fabric/open-fabric.ts';
import type { PlannedFabric } from '../fabric/planned-fabric.ts';
import { problemWarnings } from '../fabric/problem-warnings.ts';
import { readManifests } from '../manifest/manifest-input.ts';
import type { Finding } from '../manifest/placed-finding.ts';
import { countText, findingLine, problemLine } from '../manifest/problem-line.ts';
import { formatTable, type TableLayout } from '../output/table.ts';
import type { FlowRecord } from '../reach/flow-record.ts';
import type { FlowRowInput } from '../reach/flow-table.ts';
import { collect } from './apply.ts';

interface DiffOptions {
  readonly filename: readonly string[];
  readonly delete?: true;
  readonly exitCode?: true;
}

/** What the change would do. */
interface PolicyDifference {
  readonly opens: readonly FlowRecord[];
  readonly closes: readonly FlowRecord[];
  readonly findings: { readonly appear: readonly Finding[]; readonly disappear: readonly Finding[] };
  readonly hosts: readonly HostChanges[];
}

const EXAMPLES = `
Examples:
  fabricctl policy diff -f web.yaml                 what would open and close, and what the kernels would get
  fabricctl policy diff -f web.yaml --exit-code     exit code 1 if any flow opens or closes, for CI
  fabricctl policy diff --delete -f old.yaml        the same for \`delete -f\`
  fabricctl policy diff -f web.yaml -o wide         every pair of ends, and every object of nftables

By meaning, not by text: rules in another order, split or merged, are no difference. Changes nothing.
`;

export function declarePolicyDiff(policy: Command, session: CliSession): void {
  policy
    .command('diff')
    .description('what applying manifests would open and close, and change in the kernels; changes nothing')
    .requiredOption('-f, --filename <path>', 'file, directory, or - for standard input; repeatable', collect)
    .option('--delete', 'as if the manifests’ resources were deleted')
    .option('--exit-code', 'exit code 1 if any flow opens or closes')
    .addHelpText('after', EXAMPLES)
    .action(session.action((options: DiffOptions & GlobalOptions) => diff(options, session)));
}

async function diff(options: DiffOptions & GlobalOptions, session: CliSession): Promise<CommandResult> {
  const { manifests, problems } = await readManifests(options.filename, session.io);
  if (problems.length > 0) {
    const diagnostics = [...problems.map(problemLine), `error: not valid: ${countText(problems.length, 'problem')}`];
    return { data: { problems }, text: () => '', diagnostics, exitCode: EXIT_CODE.invalid };
  }
  const [{ resourcesOf }, { planFabric }, { kernelChanges }, fabric] = await Promise.all([
    import('../fabric/fabric-model.ts'),
    import('../fabric/planned-fabric.ts'),
    import('../fabric/kernel-changes.ts'),
    readFabric(options),
  ]);
  const named = manifests.map(({ resource }): Resource => resource);
  const plan = planFabric(resourcesOf(fabric.entries), named, options.delete === true);
  const { changes, instances } = await flowsAndFindings(plan);
  const difference = { ...changes, hosts: kernelChanges(plan) };
  const { flowTable } = await import('../reach/flow-table.ts');
  const changesFlows = difference.opens.length + difference.closes.length > 0;
  return {
    data: difference,
    text: (layout, wide) =>
      differenceText(difference, (rows) => flowTable(rows, instances, !wide, layout), layout, wide),
    warnings: problemWarnings(fabric),
    exitCode: options.exitCode && changesFlows ? EXIT_CODE.no : EXIT_CODE.ok,
  };
}

/** `instances`: the names of all, before and after. */
async function flowsAndFindings(
  plan: PlannedFabric,
): Promise<{ readonly changes: Omit<PolicyDifference, 'hosts'>; readonly instances: readonly string[] }> {
  const [
    { modelOf },
    { findingIdentityByContent },
    { compareReachability, lintPolicy, Reachability },
    { FlowRecorder },
  ] = await Promise.all([
    import('../fabric/fabric-model.ts'),
    import('../fabric/finding-identity.ts'),
    import('@slash32/policy-compiler'),
    import('../reach/flow-record.ts'),
  ]);
  const [before, after] = [modelOf(plan.before), modelOf(plan.after)];
  const [was, is] = [new Reachability(before), new Reachability(after)];
  const flows: ReachabilityDifference = compareReachability(was, is);
  const had: readonly Finding[] = [...before.findings(), ...lintPolicy(before, plan.before)];
  const has: readonly Finding[] = [...after.findings(), ...lintPolicy(after, plan.after)];
  const [hadIdentity, hasIdentity] = [findingIdentityByContent(plan.before), findingIdentityByContent(plan.after)];
  const [hadIds, hasIds] = [new Set(had.map(hadIdentity)), new Set(has.map(hasIdentity))];
  const [wasRecorder, isRecorder] = [new FlowRecorder(was), new FlowRecorder(is)];
  return {
    changes: {
      opens: flows.opens.flatMap((edge) => isRecorder.recordsOf(edge)),
      closes: flows.closes.flatMap((edge) => wasRecorder.recordsOf(edge)),
      findings: {
        appear: has.filter((finding) => !hadIds.has(hasIdentity(finding))),
        disappear: had.filter((finding) => !hasIds.has(hadIdentity(finding))),
      },
    },
    instances: [...new Set([...was.instances, ...is.instances])],
  };
}

function differenceText(
  { opens, closes, findings, hosts }: PolicyDifference,
  flowsText: (rows: readonly FlowRowInput[]) => string,
  layout: TableLayout,
  wide: boolean,
): string {
  const { style } = layout;
  const rows = [
    ...opens.map((record) => ({ verb: 'opens', record })),
    ...closes.map((record) => ({ verb: 'closes', record })),
  ];
  const findingLines = [
    ...findings.appear.map((finding) => `${style('bad', '+')} ${finding.severity}: ${findingLine(finding)}\n`),
    ...findings.disappear.map((finding) => `${style('good', '-')} ${finding.severity}: ${findingLine(finding)}\n`),
  ];
  const parts = [
    rows.length === 0 ? 'No flow opens or closes.\n' : flowsText(rows),
    ...(findingLines.length === 0
      ? []
      : [`${style('heading', 'Findings that appear (+) and disappear (-)')}\n${findingLines.join('')}`]),
    ...(hosts.length === 0 ? [] : [hostsText(hosts, layout, wide)]),
  ];
  return parts.join('\n');
}

function hostsText(hosts: readonly HostChanges[], layout: TableLayout, wide: boolean): string {
  const table = formatTable(
    hosts,
    [
      { header: 'HOST', value: ({ host }) => host },
      { header: 'ESTABLISHED FLOWS', value: ({ revokes }) => (revokes ? 'are judged again' : 'stay as they are') },
      { header: 'IN THE KERNEL', value: ({ changes }) => summaryText(changes), wrap: true },
    ],
    layout,
  );
  if (!wide) return table;
  const details = hosts.map(({ host, changes }) => {
    const lines = changes.map((change) => `  ${changeText(change)}\n`);
    return `${layout.style('heading', host)}\n${lines.join('')}`;
  });
  return [table, ...details].join('\n');
}

/** `2 chains changed, 1 set added, 3 elements added`. */
function summaryText(changes: readonly KernelChange[]): string {
  const counts = new Map<string, number>();
  const made = new Set(changes.filter(({ action }) => action === 'add').map(identity));
  for (const change of changes) {
    if (change.object === 'chain' && change.action === 'change' && made.has(identity(change))) continue;
    const what = `${change.object === 'elements' ? 'element' : change.object} ${PAST[change.action]}`;
    counts.set(what, (counts.get(what) ?? 0) + (change.object === 'elements' ? (change.count ?? 0) : 1));
  }
  return [...counts]
    .map(([what, count]) => {
      const [noun = '', verb = ''] = what.split(' ');
      return `${countText(count, noun)} ${verb}`;
    })
    .join(', ');
}

const PAST: Readonly<Record<KernelChange['action'], string>> = { add: 'added', change: 'changed', delete: 'deleted' };

function identity({ table, object, name }: KernelChange): string {
  return `${table} ${object} ${name}`;
}

function changeText({ table, action, object, name, count }: KernelChange): string {
  switch (object) {
    case 'table':
      return `${action} table ${table}`;
    case 'elements':
      return `${action} ${countText(count ?? 0, 'element')} ${action === 'delete' ? 'of' : 'to'} ${table} ${name}`;
    case 'set':
      return `${action} set ${table} ${name}`;
    case 'chain': {
      const rules = count === undefined ? '' : ` (${countText(count, 'rule')})`;
      return `${action} chain ${table} ${name}${rules}`;
    }
  }
}
