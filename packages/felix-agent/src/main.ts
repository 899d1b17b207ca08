import { runDaemon } from '@slash32/shared';
import { bootRulesetCommand } from './daemon/boot-ruleset-command.ts';
import { runAgent } from './daemon/run-agent.ts';

const argv = process.argv.slice(2);

await runDaemon(async (signal, context) => {
  if (argv[0] === 'boot-ruleset') process.stdout.write(bootRulesetCommand(argv.slice(1)));
  else await runAgent(argv, process.env, signal, context);
});
