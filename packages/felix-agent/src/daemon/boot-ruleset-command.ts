import { parseArgs } from 'node:util';
import { renderChanges } from '@slash32/linux';
import { bootRuleset, diffRulesets } from '@slash32/policy-compiler';
import { FabricError, fabricConfigurationSchema } from '@slash32/shared';

const HELP = [
  'Usage: felix-agent boot-ruleset [--interface-prefix PREFIX]…',
  '',
  'Prints the nft program that keeps instances closed from boot until the agent has taken over; pipe it to `nft -f -`.',
  'Loading it twice is the same as loading it once.',
  '',
  'Options:',
  '  --interface-prefix PREFIX  as in the FabricConfiguration, once per prefix (default tap)',
].join('\n');

/** The program's text for these arguments. Throws `FabricError` `usage`, or `usage.help` for `--help`. */
export function bootRulesetCommand(argv: readonly string[]): string {
  const prefixes = readPrefixes(argv);
  const ruleset = bootRuleset(prefixes);
  // `add` then `delete` makes an empty start of any state, within the same transaction.
  const fresh = [...ruleset.keys()].map((table) => `add table ${table}\ndelete table ${table}\n`);
  return fresh.join('') + renderChanges(diffRulesets(new Map(), ruleset)).text;
}

function readPrefixes(argv: readonly string[]): readonly string[] {
  let values: { help?: boolean | undefined; 'interface-prefix'?: string[] | undefined };
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: { help: { type: 'boolean', short: 'h' }, 'interface-prefix': { type: 'string', multiple: true } },
      strict: true,
    }));
  } catch (error) {
    throw new FabricError('usage', `${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
  }
  if (values.help === true) throw new FabricError('usage.help', HELP);
  const prefixes = fabricConfigurationSchema.shape.spec.shape.interfacePrefixes.safeParse(values['interface-prefix']);
  if (prefixes.success) return prefixes.data;
  const reasons = prefixes.error.issues.map(({ message }) => message).join('; ');
  throw new FabricError('usage', `--interface-prefix ${reasons}\n\n${HELP}`);
}
