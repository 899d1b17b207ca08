import type { AgentStatus, SpeakerStatus } from '@slash32/shared';
import type { Command } from 'commander';
import type { CliSession, CommandResult } from '../cli/cli-session.ts';
import { EXIT_CODE, type ExitCode } from '../cli/exit-code.ts';
import type { GlobalOptions } from '../cli/global-options.ts';
import type { DaemonReport, FabricStatus } from '../fabric/fabric-status.ts';
import { countText, findingLine, problemLine } from '../manifest/problem-line.ts';
import { formatDuration } from '../output/duration.ts';
import { formatTable, type TableLayout } from '../output/table.ts';
import type { Tone } from '../output/text-style.ts';
import { lastDownText } from './bgp.ts';

const EXAMPLES = `
Examples:
  fabricctl status
  fabricctl status -o json | jq .findings
  fabricctl status --agent-socket a1.sock --agent-socket a2.sock      several hosts' agents

Exit code 0: all is well. 1: something is wrong with resources, endpoints or sessions. 4: the datastore or a daemon
does not answer.
`;

export function declareStatus(parent: Command, session: CliSession): void {
  parent
    .command('status')
    .description('is everything all right: datastore, resources, agents, speakers')
    .addHelpText('after', EXAMPLES)
    .action(session.action(showStatus));
}

async function showStatus(options: GlobalOptions): Promise<CommandResult> {
  const { readFabricStatus } = await import('../fabric/fabric-status.ts');
  const status = await readFabricStatus(options);
  return { data: status, text: (layout) => statusText(status, layout), exitCode: exitCodeFor(status) };
}

function exitCodeFor(status: FabricStatus): ExitCode {
  const silent = [status.datastore, ...status.agents, ...status.speakers].some((part) => 'error' in part);
  if (silent) return EXIT_CODE.unavailable;
  const isWrong =
    status.problems.length > 0 ||
    status.differences.length > 0 ||
    status.findings.some(({ severity }) => severity === 'error') ||
    status.endpointsNotUp.some(({ state }) => state === 'closed' || state === 'failed') ||
    status.agents.some((report) => 'status' in report && !report.status.datastore.inSync) ||
    status.speakers.some((report) => 'status' in report && !isSpeakerWell(report.status));
  return isWrong ? EXIT_CODE.no : EXIT_CODE.ok;
}

function isSpeakerWell({ datastore, sessions }: SpeakerStatus): boolean {
  return datastore.inSync && sessions.established === sessions.configured;
}

/** One part of the fabric, as a row. */
interface PartRow {
  readonly part: string;
  readonly host: string;
  readonly state: string;
  readonly tone: Tone;
  readonly uptime: string;
  readonly version: string;
  readonly details: string;
}

function statusText(status: FabricStatus, layout: TableLayout): string {
  const rows = [
    datastoreRow(status.datastore),
    ...status.agents.map((report) => daemonRow('agent', report, agentDetails, () => true)),
    ...status.speakers.map((report) => daemonRow('speaker', report, speakerDetails, isSpeakerWell)),
  ];
  const parts = [
    formatTable(
      rows,
      [
        { header: 'PART', value: ({ part }) => part },
        { header: 'HOST', value: ({ host }) => host },
        { header: 'STATE', value: ({ state }) => state, tone: ({ tone }) => tone },
        { header: 'UPTIME', value: ({ uptime }) => uptime, align: 'right' },
        { header: 'VERSION', value: ({ version }) => version },
        { header: 'DETAILS', value: ({ details }) => details, wrap: true },
      ],
      layout,
    ),
    section('problem', status.problems.map(problemLine), 'the last good version of each stays in force', layout),
    section(
      'finding',
      status.findings.map((finding) => `${finding.severity}: ${findingLine(finding)}`),
      'an error keeps the resource closed',
      layout,
    ),
    section('difference', status.differences, 'between what is wanted and what is', layout),
    endpointsText(status, layout),
    sessionsText(status, layout),
  ];
  if (exitCodeFor(status) === EXIT_CODE.ok) {
    const closing = status.findings.length === 0 ? 'All is well.' : 'Nothing is broken; see the warnings above.';
    parts.push(`${layout.style('good', closing)}\n`);
  }
  return parts.filter((part) => part !== '').join('\n');
}

function datastoreRow(datastore: FabricStatus['datastore']): PartRow {
  const common = { part: 'datastore', host: '', uptime: '', version: '' };
  if ('error' in datastore) return { ...common, state: 'no answer', tone: 'bad', details: datastore.error };
  const counts = Object.entries(datastore.resources).map(([kind, count]) => `${count} ${kind}`);
  return {
    ...common,
    state: 'readable',
    tone: 'good',
    details: `${datastore.description}: ${counts.join(', ') || 'empty'}`,
  };
}

function daemonRow<Status extends AgentStatus | SpeakerStatus>(
  part: string,
  report: DaemonReport<Status>,
  details: (status: Status) => string,
  isWell: (status: Status) => boolean,
): PartRow {
  if ('error' in report) {
    return { part, host: '', state: 'no answer', tone: 'bad', uptime: '', version: '', details: report.error };
  }
  const { status } = report;
  const common = {
    part,
    host: status.host,
    uptime: formatDuration(status.uptimeSeconds),
    version: status.version,
    details: details(status),
  };
  if (!status.datastore.inSync) return { ...common, state: 'not in sync', tone: 'bad' };
  return isWell(status) ? { ...common, state: 'running', tone: 'good' } : { ...common, state: 'degraded', tone: 'bad' };
}

function agentDetails({ endpoints, policyGeneration, nft, driftRepairs }: AgentStatus): string {
  const states = Object.entries(endpoints)
    .filter(([state, count]) => count > 0 || state === 'up')
    .map(([state, count]) => `${count} ${state}`);
  const failures = nft.failures === 0 ? '' : `, ${nft.failures} nft failures`;
  return `endpoints: ${states.join(', ')}; policy generation ${policyGeneration}, ${countText(driftRepairs, 'drift repair')}${failures}`;
}

function speakerDetails({ sessions, localRoutes, learnedRoutes, installedRoutes, asNumber }: SpeakerStatus): string {
  const identity = asNumber === undefined ? 'no AS number' : `AS ${asNumber}`;
  return `${identity}; ${sessions.established} of ${countText(sessions.configured, 'session')} up; ${localRoutes} local, ${learnedRoutes} learned, ${installedRoutes} installed`;
}

function endpointsText({ endpointsNotUp }: FabricStatus, layout: TableLayout): string {
  if (endpointsNotUp.length === 0) return '';
  const table = formatTable(
    endpointsNotUp,
    [
      { header: 'ENDPOINT', value: ({ instance }) => instance },
      { header: 'HOST', value: ({ host }) => host },
      { header: 'INTERFACE', value: (endpoint) => endpoint.interface },
      {
        header: 'STATE',
        value: ({ state }) => state,
        tone: ({ state }) => (state === 'closed' || state === 'failed' ? 'bad' : 'warning'),
      },
      { header: 'REASON', value: ({ reason }) => reason ?? '', wrap: true },
    ],
    layout,
  );
  return `${layout.style('heading', `${countText(endpointsNotUp.length, 'endpoint')} not up`)}\n${table}`;
}

function sessionsText({ sessionsNotUp }: FabricStatus, layout: TableLayout): string {
  if (sessionsNotUp.length === 0) return '';
  const table = formatTable(
    sessionsNotUp,
    [
      { header: 'PEER', value: ({ peer }) => peer },
      { header: 'HOST', value: ({ host }) => host },
      { header: 'ADDRESS', value: ({ address }) => address },
      { header: 'STATE', value: ({ state }) => state, tone: () => 'bad' },
      { header: 'SINCE', value: ({ stateSeconds }) => formatDuration(stateSeconds), align: 'right' },
      { header: 'LAST DOWN', value: lastDownText, wrap: true },
    ],
    layout,
  );
  return `${layout.style('heading', `${countText(sessionsNotUp.length, 'BGP session')} not up`)}\n${table}`;
}

function section(noun: string, lines: readonly string[], about: string, { style }: TableLayout): string {
  if (lines.length === 0) return '';
  return `${style('heading', countText(lines.length, noun))} (${about})\n${lines.map((line) => `  ${line}\n`).join('')}`;
}
