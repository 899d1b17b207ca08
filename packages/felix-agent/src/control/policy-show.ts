import type { EndpointObjects } from '@slash32/policy-compiler';
import type { EndpointState, NftChain, NftRuleset, NftTableId, PolicyShowResult } from '@slash32/shared';
import { elementKey } from '../dataplane/element-key.ts';

/** Sets that rules look up may have a hundred thousand elements; nobody reads them all. */
const SHOWN_ELEMENTS = 200;

type ShownElements = PolicyShowResult['elements'][number];
type ShownChain = PolicyShowResult['chains'][number];

/**
 * What decides for one endpoint, as the kernel has it now: the elements that say who it is and which chains judge it,
 * those chains, and the sets that their rules look up. The kernel's own spelling of a rule is not nft text, so a rule is
 * shown as compiled where its digest says that it is the same, and marked where it is not one of ours.
 */
export function showPolicy(
  instance: string,
  state: EndpointState,
  objects: EndpointObjects | undefined,
  kernel: NftRuleset,
  compiled: NftRuleset,
): PolicyShowResult {
  const chains: ShownChain[] = [];
  const lookedUp = new Map<string, ShownElements>();
  for (const { table, name } of objects?.chains ?? []) {
    const rules = showRules(kernel.get(table)?.chains.get(name), compiled.get(table)?.chains.get(name));
    chains.push({ name: `${table} ${name}`, rules });
    for (const set of setsNamedIn(rules)) {
      const shown = showSet(table, set, kernel);
      if (shown !== undefined) lookedUp.set(shown.set, shown);
    }
  }
  const own = (objects?.elements ?? [])
    .map(({ table, set, keys }) => ({ set: `${table} ${set}`, elements: showElements(table, set, keys, kernel) }))
    .filter(({ set }) => !lookedUp.has(set));
  return { instance, state, chains, elements: [...own, ...lookedUp.values()] };
}

function showRules(kernel: NftChain | undefined, compiled: NftChain | undefined): string[] {
  const textOfComment = new Map(compiled?.rules.map(({ comment, text }) => [comment, text]));
  return (kernel?.rules ?? []).map(({ comment, text }) => {
    const known = textOfComment.get(comment);
    return known === undefined ? `not compiled by this agent: ${text} ${comment}`.trim() : `${known}  # ${comment}`;
  });
}

/** `@name`; also finds payload expressions (`@th,64,128`), which no set is called. */
function setsNamedIn(rules: readonly string[]): Set<string> {
  return new Set(rules.flatMap((rule) => [...rule.matchAll(/@([\w./-]+)/g)].map(([, name]) => name ?? '')));
}

function showElements(table: NftTableId, set: string, keys: readonly string[], kernel: NftRuleset): string[] {
  const present = kernel.get(table)?.sets.get(set)?.elements;
  return keys.flatMap((text) => {
    const key = elementKey(text);
    const data = present?.get(key);
    return data === undefined ? [] : [elementText(key, data)];
  });
}

function showSet(table: NftTableId, name: string, kernel: NftRuleset): ShownElements | undefined {
  const present = kernel.get(table)?.sets.get(name)?.elements;
  if (present === undefined) return undefined;
  const elements: string[] = [];
  for (const [key, data] of present) {
    if (elements.length === SHOWN_ELEMENTS) break;
    elements.push(elementText(key, data));
  }
  return {
    set: `${table} ${name}`,
    elements,
    ...(present.size > elements.length ? { total: present.size } : {}),
  };
}

function elementText(key: string, data: string): string {
  return data === '' ? key : data.startsWith('comment "') ? `${key}  # ${data.slice(9, -1)}` : `${key} : ${data}`;
}
