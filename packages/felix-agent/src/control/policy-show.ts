import type { EndpointObjects } from '@slash32/policy-compiler';
import type { EndpointState, NftChain, NftRuleset, PolicyShowResult } from '@slash32/shared';
import { elementKey } from '../dataplane/element-key.ts';

/**
 * What decides for one endpoint, as the kernel has it now. The kernel's own spelling of a rule is not nft text, so a
 * rule is shown as compiled where its digest says that it is the same, and marked where it is not one of ours.
 */
export function showPolicy(
  instance: string,
  state: EndpointState,
  objects: EndpointObjects | undefined,
  kernel: NftRuleset,
  compiled: NftRuleset,
): PolicyShowResult {
  const chains = (objects?.chains ?? []).map(({ table, name }) => ({
    name: `${table} ${name}`,
    rules: showRules(kernel.get(table)?.chains.get(name), compiled.get(table)?.chains.get(name)),
  }));
  const elements = (objects?.elements ?? []).map(({ table, set, keys }) => {
    const present = kernel.get(table)?.sets.get(set)?.elements;
    const texts: string[] = [];
    for (const text of keys) {
      const key = elementKey(text);
      const data = present?.get(key);
      if (data !== undefined) texts.push(data === '' ? key : `${key} : ${data}`);
    }
    return { set: `${table} ${set}`, elements: texts };
  });
  return { instance, state, chains, elements };
}

function showRules(kernel: NftChain | undefined, compiled: NftChain | undefined): string[] {
  const textOfComment = new Map(compiled?.rules.map(({ comment, text }) => [comment, text]));
  return (kernel?.rules ?? []).map(({ comment, text }) => {
    const known = textOfComment.get(comment);
    return known === undefined ? `not compiled by this agent: ${text} ${comment}`.trim() : `${known}  # ${comment}`;
  });
}
