import type { Command } from 'commander';
import type { CliSession } from '../cli/cli-session.ts';
import { declarePolicyCounters } from './policy-counters.ts';
import { declarePolicyDiff } from './policy-diff.ts';
import { declarePolicyGraph } from './policy-graph.ts';
import { declarePolicyLint } from './policy-lint.ts';
import { declarePolicyPacket } from './policy-packet.ts';
import { declarePolicyShow } from './policy-show.ts';
import { declarePolicyTrace } from './policy-trace.ts';
import { declarePolicyWatch } from './policy-watch.ts';

export function declarePolicy(parent: Command, session: CliSession): void {
  const policy = parent.command('policy').helpCommand(false).description('what may reach what, and why');
  declarePolicyTrace(policy, session);
  declarePolicyPacket(policy, session);
  declarePolicyShow(policy, session);
  declarePolicyCounters(policy, session);
  declarePolicyWatch(policy, session);
  declarePolicyGraph(policy, session);
  declarePolicyDiff(policy, session);
  declarePolicyLint(policy, session);
}
