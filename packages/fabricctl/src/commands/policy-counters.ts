import type { GroupCounters, RuleCounter } from '@slash32/shared';
import type { Command } from 'commander';
import type { CliSession, CommandResult } from '../cli/cli-session.ts';
import { EXIT_CODE } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { askAgents, partitionAnswers } from '../daemon/ask-daemons.ts';
import { countedGroups } from '../fabric/counted-groups.ts';
import { readFabric } from '../fabric/open-fabric.ts';
import { type Column, formatTable, type TableLayout } from '../output/table.ts';

interface CountersOptions {
  readonly namespace?: string;
}

const EXAMPLES = `
Examples:
  fabricctl policy counters tenant-a/web           each rule of the SecurityGroup, and the packets that it let pass here
  fabricctl policy counters inst/tenant-a/web-1    the same of all groups of an Instance

Counters are off unless the SecurityGroup has \`counters: true\`, or the FabricConfiguration \`policyCounters: true\`.
A rule counts when a flow is judged: the first packet of each flow, and one more each time that a change has flows judged
again; not the packets that follow, which pass without any rule. Of stateless groups it counts every packet. Counters are
of one host, and go on through changes of other rules and restarts of the agent. \`in 3\`: rule 3 allows the same or more,
and counts for both.
`;

export function declarePolicyCounters(policy: Command, session: CliSession): void {
  policy
    .command('counters')
    .description('packets that each rule of a group let pass on this host')
    .argument('<subject>', 'SecurityGroup or Instance: NAMESPACE/NAME, NAME, sg/… or inst/…')
    .option('-n, --namespace <namespace>', 'tenant of NAME (default: default)')
    .addHelpText('after', EXAMPLES)
    .action(session.action(showCounters));
}

interface CounterRow extends RuleCounter {
  readonly host: string;
  readonly group: string;
}

async function showCounters(
  { namespace, agentSocket, ...options }: CountersOptions & GlobalOptions,
  text: string,
): Promise<CommandResult> {
  const [{ resourcesOf }, { entries }] = await Promise.all([import('../fabric/fabric-model.ts'), readFabric(options)]);
  const groups = countedGroups(resourcesOf(entries), text, namespace);
  const answers = await askAgents(agentSocket, (agent) => agent.call('agent.counters', { groups }));
  const { results, errors } = partitionAnswers(answers);
  if (results.length === 0 && errors[0] !== undefined) throw errors[0];
  const rows = results.flatMap(({ host, groups: counted }) =>
    counted
      .filter(isCounted)
      .flatMap(({ group, rules }) => rules.map((rule): CounterRow => ({ host, group, ...rule }))),
  );
  return {
    data: { hosts: results },
    text: (layout) => (rows.length === 0 ? '' : countersText(rows, results.length > 1, layout)),
    warnings: groups.flatMap((group) => whyNotCounted(group, results) ?? []),
    diagnostics: errors.map(({ message }) => `error: ${message}`),
    ...(errors.length === 0 ? {} : { exitCode: EXIT_CODE.unavailable }),
  };
}

function isCounted({ state }: GroupCounters): boolean {
  return state === 'counted';
}

/** `undefined`: it is counted at one of the hosts. */
function whyNotCounted(
  group: string,
  results: readonly { readonly host: string; readonly groups: readonly GroupCounters[] }[],
): string | undefined {
  const answers = results.flatMap(({ groups }) => groups.filter((some) => some.group === group));
  if (answers.some(isCounted)) return undefined;
  if (answers.some(({ state }) => state === 'off')) {
    return `rules of ${group} are not counted; set \`counters: true\` in its spec, or \`policyCounters: true\` for all`;
  }
  return `nothing on ${results.map(({ host }) => host).join(' or ')} has group ${group}; ask the agent of a host that has, with --agent-socket`;
}

function countersText(rows: readonly CounterRow[], severalHosts: boolean, layout: TableLayout): string {
  const host: Column<CounterRow> = { header: 'HOST', value: (row) => row.host };
  return formatTable(
    rows,
    [
      ...(severalHosts ? [host] : []),
      { header: 'GROUP', value: ({ group }) => group },
      { header: 'RULE', value: ({ index }) => String(index), align: 'right' },
      {
        header: 'PACKETS',
        value: ({ counted, countedAt }) => (countedAt === undefined ? number(counted?.packets) : `in ${countedAt}`),
        tone: ({ counted, countedAt }) => (countedAt === undefined && counted?.packets !== 0 ? undefined : 'quiet'),
        align: 'right',
      },
      { header: 'OCTETS', value: ({ counted }) => number(counted?.octets), align: 'right' },
      { header: 'ALLOWS', value: ({ text }) => text, wrap: true },
      { header: 'DESCRIPTION', value: ({ description }) => description ?? '', wrap: true },
    ],
    layout,
  );
}

function number(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}
