import type { DatastoreProblem, Resource, ResourceFinding, ResourceOrigin } from '@slash32/shared';
import type { Command } from 'commander';
import type { CliSession, CommandResult } from '../cli/cli-session.ts';
import { EXIT_CODE } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { readFabric } from '../fabric/open-fabric.ts';
import { readManifests } from '../manifest/manifest-input.ts';
import { type Placed, placed, placedLine } from '../manifest/placed-finding.ts';
import { countText, problemLine } from '../manifest/problem-line.ts';
import { collect } from './apply.ts';

interface ValidateOptions {
  readonly filename: readonly string[];
  readonly alone?: true;
  readonly strict?: true;
}

const EXAMPLES = `
Examples:
  fabricctl validate -f web.yaml                against the fabric as it is: would it work there?
  fabricctl validate --alone -f manifests/      the files by themselves, as CI does
  fabricctl validate --strict -f manifests/     warnings count as well

Checks every field, then what resources refer to: unknown hosts, networks and groups, addresses outside their pools,
two claims on one address. Exit code 3 if anything is wrong.
`;

export function declareValidate(parent: Command, session: CliSession): void {
  parent
    .command('validate')
    .description('check manifests and what they refer to; changes nothing')
    .requiredOption('-f, --filename <path>', 'file, directory, or - for standard input; repeatable', collect)
    .option('--alone', 'do not look into the datastore')
    .option('--strict', 'exit code 3 for warnings, too')
    .addHelpText('after', EXAMPLES)
    .action(session.action((options: ValidateOptions & GlobalOptions) => validate(options, session)));
}

async function validate(options: ValidateOptions & GlobalOptions, session: CliSession): Promise<CommandResult> {
  const { manifests, problems, sources } = await readManifests(options.filename, session.io);
  const { findingsOfChange } = await import('../fabric/finding-changes.ts');
  const present = options.alone ? undefined : await readFabric(options);
  const resources = (present?.entries ?? []).map(({ resource }): Resource => resource);
  const origins = new Map<string, ResourceOrigin>(manifests.map(({ key, origin }) => [key, origin]));
  const findings = findingsOfChange(resources, { put: manifests.map(({ resource }) => resource) }).map(
    (finding): Placed<ResourceFinding> => placed(finding, origins.get(finding.resource), sources),
  );
  const errors = findings.filter(({ severity }) => severity === 'error');
  const isValid = problems.length === 0 && errors.length === 0 && (!options.strict || findings.length === 0);
  return {
    data: { valid: isValid, checked: manifests.length, against: present?.description ?? null, problems, findings },
    text: ({ style }) => {
      if (!isValid) return '';
      const against = present === undefined ? 'by themselves' : `against ${present.description}`;
      return `${style('good', 'valid')}: ${countText(manifests.length, 'resource')}, checked ${against}\n`;
    },
    diagnostics: isValid ? findings.map(placedLine) : [...lines(problems, findings), summary(problems, findings)],
    exitCode: isValid ? EXIT_CODE.ok : EXIT_CODE.invalid,
  };
}

function lines(problems: readonly DatastoreProblem[], findings: readonly Placed<ResourceFinding>[]): readonly string[] {
  return [...problems.map(problemLine), ...findings.map(placedLine)];
}

function summary(problems: readonly DatastoreProblem[], findings: readonly Placed<ResourceFinding>[]): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const parts = [
    countText(problems.length + errors, 'error'),
    ...(findings.length > errors ? [countText(findings.length - errors, 'warning')] : []),
  ];
  return `error: not valid: ${parts.join(', ')}`;
}
