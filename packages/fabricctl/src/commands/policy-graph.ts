import type { FlowEdge, FlowEnd, Reachability } from '@slash32/policy-compiler';
import { type AddressFamily, FabricError, type Instance } from '@slash32/shared';
import type { Command } from 'commander';
import type { CliSession, CommandResult } from '../cli/cli-session.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import { findInstance, instanceName } from '../fabric/find-instance.ts';
import { readFabric } from '../fabric/open-fabric.ts';
import { problemWarnings } from '../fabric/problem-warnings.ts';
import type { Drawing, DroppedPair } from '../reach/drawing.ts';

interface GraphOptions {
  readonly namespace?: string;
  readonly allNamespaces?: true;
  readonly instance?: string;
  readonly from?: string;
  readonly to?: string;
  readonly all?: true;
  readonly each?: true;
  readonly ipv4?: true;
  readonly ipv6?: true;
}

const EXAMPLES = `
Examples:
  fabricctl policy graph -n tenant-a                      who reaches whom, from and to a tenant's instances
  fabricctl policy graph --instance tenant-a/web-1        everything from and to one instance
  fabricctl policy graph -A --from internet               all that is open to the internet
  fabricctl policy graph -A --to internet -4              who may go out, and as which address
  fabricctl policy graph -n tenant-a -o svg > a.svg       a drawing; --all adds, in red, what drops
  fabricctl policy graph -A -o dot | dot -Tpdf > all.pdf

Complete, since computed from the rules and not by trying. \`internet\` is whatever is no instance's. Instances with the
same flows share a row or a box; --each (or -o wide) has each by itself. Traffic with the own host (DHCP, gateway) is not in it.
`;

export function declarePolicyGraph(policy: Command, session: CliSession): void {
  policy
    .command('graph')
    .description('who can reach whom, with what: all flows that the groups of both ends allow')
    .option('-n, --namespace <namespace>', 'flows from and to this tenant; `default` if left out')
    .option('-A, --all-namespaces', 'of all tenants')
    .option('--instance <instance>', 'flows from and to one instance: NAME, or NAMESPACE/NAME')
    .option('--from <end>', 'only from this instance, or `internet`')
    .option('--to <end>', 'only to this instance, or `internet`')
    .option('--all', 'also pairs between which nothing passes')
    .option('--each', 'every instance by itself, also where several have the same flows')
    .option('-4, --ipv4', 'IPv4 only')
    .option('-6, --ipv6', 'IPv6 only')
    .addHelpText('after', EXAMPLES)
    .action(session.action(graph, { draws: true }));
}

async function graph(options: GraphOptions & GlobalOptions): Promise<CommandResult> {
  refuseContradictions(options);
  const [{ modelOf, resourcesOf }, compiler, { FlowRecorder }, { flowTable }, drawings, fabric] = await Promise.all([
    import('../fabric/fabric-model.ts'),
    import('@slash32/policy-compiler'),
    import('../reach/flow-record.ts'),
    import('../reach/flow-table.ts'),
    import('../reach/drawings.ts'),
    readFabric(options),
  ]);
  const resources = resourcesOf(fabric.entries);
  const instances = resources.filter((resource) => resource.kind === 'Instance');
  const model = modelOf(resources);
  const reachability = new compiler.Reachability(model);
  const isInScope = scopeOf(options, instances);
  const endNamed = (text: string | undefined): FlowEnd | undefined => {
    if (text === undefined) return undefined;
    if (text.toLowerCase() === 'internet') return compiler.OUTSIDE;
    return instanceName(findInstance(instances, text, options.namespace));
  };
  const [from, to] = [endNamed(options.from), endNamed(options.to)];
  const families: readonly AddressFamily[] = options.ipv4 ? [4] : options.ipv6 ? [6] : [4, 6];

  const isWanted = (source: FlowEnd, destination: FlowEnd): boolean =>
    (isInScope(source) || isInScope(destination)) &&
    (from === undefined || source === from) &&
    (to === undefined || destination === to);
  const edges = [...reachability.edges({ families, isWanted })];
  const recorder = new FlowRecorder(reachability);
  const records = edges.flatMap((edge) => recorder.recordsOf(edge));
  const dropped = options.all ? pairsWithout(edges, [...reachability.instances, compiler.OUTSIDE], isWanted) : [];
  const closed = [...model.instances()]
    .filter(({ state, name }) => state === 'closed' && isInScope(name))
    .map(({ name }) => name)
    .sort();
  const shown = reachability.instances.filter(isInScope);
  const drawing = (): Drawing => {
    const whole = drawings.drawingOf({ records, dropped, instances: notesOf(shown, reachability) });
    return options.each ? whole : drawings.foldTwins(whole);
  };
  return {
    data: { flows: records, ...(options.all ? { nothing: dropped } : {}), closed },
    text: (layout, wide) =>
      (records.length === 0
        ? emptyText(options, shown.length, instances.length)
        : flowTable(
            records.map((record) => ({ verb: '', record })),
            reachability.instances,
            !wide && !options.each,
            layout,
          )) + (options.all ? nothingText(dropped) : ''),
    drawings: {
      dot: () => drawings.dotText(drawing()),
      svg: () => drawings.svgText(drawing()),
    },
    warnings: [
      ...closed.map(
        (name) => `${name} is closed and has no flows; \`fabricctl policy show ${name} --intent\` says why`,
      ),
      ...problemWarnings(fabric),
    ],
  };
}

function refuseContradictions(options: GraphOptions): void {
  const contradicts = (one: string, other: string): FabricError =>
    new FabricError('usage.graph', `${one} and ${other} contradict each other; leave one out`);
  if (options.ipv4 && options.ipv6) throw contradicts('-4', '-6');
  if (options.allNamespaces && options.namespace !== undefined) throw contradicts('-A', `-n ${options.namespace}`);
  if (options.allNamespaces && options.instance !== undefined) throw contradicts('-A', '--instance');
}

/** Which ends the flows are wanted of. */
function scopeOf(options: GraphOptions, instances: readonly Instance[]): (end: FlowEnd) => boolean {
  if (options.allNamespaces) return () => true;
  if (options.instance !== undefined) {
    const name = instanceName(findInstance(instances, options.instance, options.namespace));
    return (end) => end === name;
  }
  const prefix = `${options.namespace ?? 'default'}/`;
  return (end) => typeof end === 'string' && end.startsWith(prefix);
}

/** Pairs of ends that are wanted but have no flow. */
function pairsWithout(
  edges: readonly FlowEdge[],
  ends: readonly FlowEnd[],
  isWanted: (source: FlowEnd, destination: FlowEnd) => boolean,
): readonly DroppedPair[] {
  const reached = Map.groupBy(edges, ({ source }) => source);
  return ends.flatMap((source) => {
    const destinations = new Set(reached.get(source)?.map(({ destination }) => destination));
    return ends
      .filter((end) => end !== source && !destinations.has(end) && isWanted(source, end))
      .map((end) => ({ source: nameOf(source), destination: nameOf(end) }));
  });
}

function nameOf(end: FlowEnd): string {
  return typeof end === 'string' ? end : 'internet';
}

/** Names of instances, with what is unusual about them. */
function notesOf(names: readonly string[], reachability: Reachability): ReadonlyMap<string, string | undefined> {
  return new Map(
    names.map((name) => [name, reachability.instance(name)?.portSecurity === false ? 'not filtered' : undefined]),
  );
}

function nothingText(dropped: readonly DroppedPair[]): string {
  const bySource = Map.groupBy(dropped, ({ source }) => source);
  const lines = [...bySource].map(
    ([source, pairs]) => `${source} → ${pairs.map(({ destination }) => destination).join(', ')}\n`,
  );
  return lines.length === 0 ? '' : `\nNothing passes:\n${lines.join('')}`;
}

function emptyText(options: GraphOptions, inScope: number, all: number): string {
  if (inScope > 0 || options.allNamespaces) return 'Nothing passes.\n';
  const hint = all > 0 ? `; -A shows all namespaces, which have ${all}` : '';
  return `No open Instance in namespace ${options.namespace ?? 'default'}${hint}.\n`;
}
