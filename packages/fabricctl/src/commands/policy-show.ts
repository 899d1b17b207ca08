import type { FabricError, PolicyShowResult } from '@slash32/shared';
import type { Command } from 'commander';
import type { CliSession, CommandResult } from '../cli/cli-session.ts';
import { EXIT_CODE } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { askAgents, partitionAnswers } from '../daemon/ask-daemons.ts';
import { findInstance, instanceName } from '../fabric/find-instance.ts';
import type { InstanceIntent } from '../fabric/instance-intent.ts';
import { readFabric } from '../fabric/open-fabric.ts';
import { formatFields, formatTable, type TableLayout } from '../output/table.ts';

interface ShowOptions {
  readonly namespace?: string;
  readonly intent?: true;
}

const EXAMPLES = `
Examples:
  fabricctl policy show tenant-a/web-1          its rules, and the nftables program that enforces them here
  fabricctl policy show web-1 --intent          the rules only; needs no agent

The kernel's part comes from the agent of the instance's host: run it there, or name its --agent-socket.
`;

export function declarePolicyShow(policy: Command, session: CliSession): void {
  policy
    .command('show')
    .description("an instance's rules as written, and as they are in the kernel now")
    .argument('<instance>', 'NAME, or NAMESPACE/NAME')
    .option('-n, --namespace <namespace>', 'tenant of NAME')
    .option('--intent', 'do not ask the agent')
    .addHelpText('after', EXAMPLES)
    .action(session.action(showPolicy));
}

async function showPolicy(options: ShowOptions & GlobalOptions, text: string): Promise<CommandResult> {
  const [{ modelOf, resourcesOf }, { intentOf }, { entries }] = await Promise.all([
    import('../fabric/fabric-model.ts'),
    import('../fabric/instance-intent.ts'),
    readFabric(options),
  ]);
  const resources = resourcesOf(entries);
  const instances = resources.filter((resource) => resource.kind === 'Instance');
  const name = instanceName(findInstance(instances, text, options.namespace));
  const intent = intentOf(modelOf(resources), name);
  if (intent === undefined) throw new Error(`the model lost Instance ${name}`);
  const { kernel, error } = options.intent ? {} : await kernelPolicy(options.agentSocket, name);
  return {
    data: { intent, kernel: kernel ?? null },
    text: (layout) => intentText(intent, layout) + (kernel === undefined ? '' : `\n${kernelText(kernel, layout)}`),
    ...(error === undefined
      ? {}
      : {
          diagnostics: [`error: not shown from the kernel: ${error.message} (the instance is on ${intent.host})`],
          exitCode: EXIT_CODE.unavailable,
        }),
  };
}

/** From whichever agent knows the instance. */
async function kernelPolicy(
  sockets: readonly string[],
  instance: string,
): Promise<{ readonly kernel?: PolicyShowResult; readonly error?: FabricError }> {
  const answers = await askAgents(sockets, (agent) => agent.call('agent.policy', { instance }));
  const { results, errors } = partitionAnswers(answers);
  const [kernel] = results;
  if (kernel !== undefined) return { kernel };
  const [error] = errors;
  return error === undefined ? {} : { error };
}

function intentText(intent: InstanceIntent, layout: TableLayout): string {
  const { style } = layout;
  const state = intent.state === 'open' ? style('good', 'open') : style('bad', 'closed: nothing passes, no route');
  const head = formatFields([
    ['Instance', `${intent.instance} on ${intent.host}`],
    ['State', intent.filtered === false ? style('warning', 'open, unfiltered (portSecurity: false)') : state],
    ['Reach', intent.reach === 'site' ? 'site: nothing outside siteCidrs, whatever rules say' : intent.reach],
    ['Replies', intent.stateful === false ? 'need rules of their own (stateless groups)' : undefined],
    ['Groups', intent.groups.join(', ')],
    ...(intent.reasons ?? []).map((reason): [string, string] => ['Because', reason]),
  ]);
  if (intent.state === 'closed' || intent.filtered === false) return head;
  if (intent.rules.length === 0) return `${head}\nNo rules: nothing passes but DHCP and neighbour discovery.\n`;
  const table = formatTable(
    intent.rules,
    [
      { header: 'GROUP', value: ({ group }) => group },
      { header: 'RULE', value: ({ index }) => String(index), align: 'right' },
      {
        header: 'ALLOWS',
        value: ({ text, remoteMembers }) =>
          remoteMembers === undefined ? text : `${text} (${remoteMembers} addresses now)`,
        tone: ({ remoteMembers }) => (remoteMembers === 0 ? 'warning' : undefined),
        wrap: true,
      },
      { header: 'DESCRIPTION', value: ({ description }) => description ?? '', wrap: true },
    ],
    layout,
  );
  return `${head}\n${table}`;
}

function kernelText(kernel: PolicyShowResult, { style }: TableLayout): string {
  const parts = [`${style('heading', 'In the kernel now')} (endpoint ${kernel.state})`];
  for (const { name, rules } of kernel.chains) parts.push(`chain ${name}`, ...rules.map((rule) => `    ${rule}`));
  for (const { set, elements, total } of kernel.elements.filter((each) => each.elements.length > 0)) {
    parts.push(`in ${set}`, ...elements.map((element) => `    ${element}`));
    if (total !== undefined) parts.push(`    … ${total - elements.length} more of ${total}`);
  }
  return `${parts.join('\n')}\n`;
}
