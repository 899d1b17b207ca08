import type { LintCode, LintFinding, LintSeverity } from '@slash32/policy-compiler';
import { FabricError, keyOf, parseResourceKey } from '@slash32/shared';
import { type Command, Option } from 'commander';
import type { CliSession, CommandResult } from '../cli/cli-session.ts';
import { EXIT_CODE } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { findingIdentity } from '../fabric/finding-identity.ts';
import { readFabric } from '../fabric/open-fabric.ts';
import { problemWarnings } from '../fabric/problem-warnings.ts';
import { readManifests } from '../manifest/manifest-input.ts';
import { type Placed, placed, placedLine } from '../manifest/placed-finding.ts';
import { countText, problemLine } from '../manifest/problem-line.ts';
import { formatTable, type TableLayout } from '../output/table.ts';
import type { Tone } from '../output/text-style.ts';
import { collect } from './apply.ts';

interface LintOptions {
  readonly namespace?: string;
  readonly allNamespaces?: true;
  readonly filename?: readonly string[];
  readonly alone?: true;
  readonly severity: LintSeverity;
  readonly ignore?: readonly string[];
  readonly exitCode?: true;
  readonly list?: true;
}

const EXAMPLES = `
Examples:
  fabricctl policy lint -n tenant-a                     a tenant's groups, rules, address groups and instances
  fabricctl policy lint -A --severity error             likely holes, of all tenants
  fabricctl policy lint -f web.yaml --exit-code         what applying it would bring, for CI; with file and line
  fabricctl policy lint -A --ignore lint.shadowed-rule
  fabricctl policy lint --list                          every check

What is invalid or refers to nothing is for \`validate\` and \`status\`; this is about what is valid but not meant.
`;

const SEVERITIES: readonly LintSeverity[] = ['info', 'warning', 'error'];
const TONES: Readonly<Record<LintSeverity, Tone>> = { error: 'bad', warning: 'warning', info: 'quiet' };

export function declarePolicyLint(policy: Command, session: CliSession): void {
  policy
    .command('lint')
    .description('find rules that are too wide, needless or without effect, and what nobody uses')
    .option('-n, --namespace <namespace>', 'of this tenant; `default` if left out')
    .option('-A, --all-namespaces', 'of all tenants')
    .option('-f, --filename <path>', 'as if these manifests were applied, and about them; repeatable', collect)
    .option('--alone', 'with -f: do not look into the datastore')
    .addOption(new Option('--severity <severity>', 'this bad or worse').choices(SEVERITIES).default('info'))
    .option('--ignore <code>', 'not this check; repeatable', collect)
    .option('--exit-code', 'exit code 1 if anything is found')
    .option('--list', 'list the checks instead')
    .addHelpText('after', EXAMPLES)
    .action(session.action((options: LintOptions & GlobalOptions) => lint(options, session)));
}

async function lint(options: LintOptions & GlobalOptions, session: CliSession): Promise<CommandResult> {
  if (options.allNamespaces && options.namespace !== undefined) {
    throw new FabricError('usage.lint', `-A and -n ${options.namespace} contradict each other; leave one out`);
  }
  if (options.alone && options.filename === undefined) {
    throw new FabricError('usage.lint', '--alone is for -f; leave it out to look into the datastore');
  }
  const { LINT_CHECKS } = await import('@slash32/policy-compiler');
  for (const code of options.ignore ?? []) {
    if (Object.hasOwn(LINT_CHECKS, code)) continue;
    throw new FabricError('usage.lint', `there is no check ${code}; \`fabricctl policy lint --list\` lists them`);
  }
  if (options.list) return checkList(LINT_CHECKS);
  return options.filename === undefined ? lintFabric(options) : lintFiles(options, options.filename, session);
}

async function lintFabric(options: LintOptions & GlobalOptions): Promise<CommandResult> {
  const [{ modelOf, resourcesOf }, { lintPolicy }, fabric] = await Promise.all([
    import('../fabric/fabric-model.ts'),
    import('@slash32/policy-compiler'),
    readFabric(options),
  ]);
  const resources = resourcesOf(fabric.entries);
  const findings = lintPolicy(modelOf(resources), resources).filter(({ resource }) => isInScope(resource, options));
  return { ...lintResult(findings, options), warnings: problemWarnings(fabric) };
}

/** Findings on the manifests, and those that others get because of them. */
async function lintFiles(
  options: LintOptions & GlobalOptions,
  names: readonly string[],
  session: CliSession,
): Promise<CommandResult> {
  const { manifests, problems, sources } = await readManifests(names, session.io);
  if (problems.length > 0) {
    const diagnostics = [...problems.map(problemLine), `error: not valid: ${countText(problems.length, 'problem')}`];
    return { data: { problems }, text: () => '', diagnostics, exitCode: EXIT_CODE.invalid };
  }
  const [{ modelOf, resourcesOf }, { planFabric }, { lintPolicy }] = await Promise.all([
    import('../fabric/fabric-model.ts'),
    import('../fabric/planned-fabric.ts'),
    import('@slash32/policy-compiler'),
  ]);
  const present = options.alone ? undefined : await readFabric(options);
  const before = resourcesOf(present?.entries ?? []);
  const { after, put } = planFabric(
    before,
    manifests.map(({ resource }) => resource),
    false,
  );
  const had = new Set(lintPolicy(modelOf(before), before).map(findingIdentity));
  const written = new Set<string>(put.map(keyOf));
  const origins = new Map<string, (typeof manifests)[number]['origin']>(
    manifests.map(({ key, origin }) => [key, origin]),
  );
  const findings = lintPolicy(modelOf(after), after)
    .filter((finding) => written.has(finding.resource) || !had.has(findingIdentity(finding)))
    .map((finding) => placed(finding, origins.get(finding.resource), sources));
  return { ...lintResult(findings, options), warnings: present === undefined ? [] : problemWarnings(present) };
}

function lintResult(all: readonly Placed<LintFinding>[], options: LintOptions): CommandResult {
  const ignored = new Set<string>(options.ignore);
  const least = SEVERITIES.indexOf(options.severity);
  const findings = all.filter(({ code, severity }) => !ignored.has(code) && SEVERITIES.indexOf(severity) >= least);
  return {
    data: { findings },
    text: (layout) => findingsText(findings, layout),
    exitCode: options.exitCode && findings.length > 0 ? EXIT_CODE.no : EXIT_CODE.ok,
  };
}

function findingsText(findings: readonly Placed<LintFinding>[], { style }: TableLayout): string {
  if (findings.length === 0) return `${style('good', 'Nothing found.')}\n`;
  const lines = findings.map((finding) =>
    placedLine(finding).replace(`${finding.severity}:`, `${style(TONES[finding.severity], finding.severity)}:`),
  );
  const counts = SEVERITIES.toReversed().flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? [] : [severity === 'info' ? `${count} info` : countText(count, severity)];
  });
  return `${lines.join('\n')}\n${counts.join(', ')}\n`;
}

function isInScope(key: string, { namespace = 'default', allNamespaces }: LintOptions): boolean {
  return allNamespaces === true || parseResourceKey(key).namespace === namespace;
}

function checkList(
  checks: Readonly<Record<LintCode, { readonly severity: LintSeverity; readonly about: string }>>,
): CommandResult {
  const rows = Object.entries(checks).map(([code, check]) => ({ code, ...check }));
  return {
    data: rows,
    text: (layout) =>
      formatTable(
        rows,
        [
          { header: 'CODE', value: ({ code }) => code },
          { header: 'SEVERITY', value: ({ severity }) => severity, tone: ({ severity }) => TONES[severity] },
          { header: 'FINDS', value: ({ about }) => about, wrap: true },
        ],
        layout,
      ),
  };
}
