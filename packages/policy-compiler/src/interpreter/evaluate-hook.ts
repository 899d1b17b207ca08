import type { NftChain, NftRule, NftRuleset, NftTable, NftTableId } from '@slash32/shared';
import { isCompiled, type Match, type Statement } from '../ir/rule.ts';
import { findElement, partMatches } from './element-match.ts';
import { fieldValue } from './field-value.ts';
import type { ProgramArp, ProgramPacket } from './program-packet.ts';

export interface HookOutcome {
  readonly verdict: 'accept' | 'drop';
  /** The rule that dropped it, or the last that accepted it; absent: the policy of a base chain. */
  readonly decidedBy?: { readonly chain: string; readonly rule: NftRule };
  /** Source address after translation. */
  readonly snat?: string;
}

type Hook = NonNullable<NftChain['hook']>['hook'];
type Verdict = { readonly verdict: 'accept' | 'drop'; readonly chain: string; readonly rule: NftRule } | 'return';

/**
 * Runs a compiled program as the kernel would: all base chains of the hook in order of priority, until one drops. Writes
 * the flow's mark. Throws `TypeError` for rules that were read back from a kernel: they have no meaning here but text.
 */
export function evaluateHook(
  ruleset: NftRuleset,
  tableId: NftTableId,
  hook: Hook,
  packet: ProgramPacket | ProgramArp,
): HookOutcome {
  const table = ruleset.get(tableId);
  if (table === undefined) return { verdict: 'accept' };
  const run = new HookRun(table, packet);
  const chains = [...table.chains.values()]
    .filter((chain) => chain.hook?.hook === hook)
    .sort((left, right) => (left.hook?.priority ?? 0) - (right.hook?.priority ?? 0));
  let outcome: HookOutcome = { verdict: 'accept' };
  for (const chain of chains) {
    const verdict = run.chain(chain, 0);
    const snat = run.snat === undefined ? {} : { snat: run.snat };
    if (verdict === 'return') {
      if (chain.hook?.policy === 'drop') return { verdict: 'drop' };
      outcome = { ...outcome, ...snat };
    } else {
      outcome = { verdict: verdict.verdict, decidedBy: { chain: verdict.chain, rule: verdict.rule }, ...snat };
      if (verdict.verdict === 'drop') return outcome;
    }
  }
  return outcome;
}

/** The kernel's limit of nested jumps. */
const DEEPEST = 16;

class HookRun {
  readonly #table: NftTable;
  readonly #packet: ProgramPacket | ProgramArp;
  snat: string | undefined;

  constructor(table: NftTable, packet: ProgramPacket | ProgramArp) {
    this.#table = table;
    this.#packet = packet;
  }

  chain(chain: NftChain, depth: number): Verdict {
    if (depth > DEEPEST) throw new RangeError(`chain ${chain.name}: more than ${DEEPEST} nested jumps`);
    for (const rule of chain.rules) {
      if (!isCompiled(rule)) throw new TypeError(`chain ${chain.name}: "${rule.text}" was not compiled here`);
      if (!rule.matches.every((match) => this.#matches(match))) continue;
      for (const statement of rule.statements) {
        const verdict = this.#execute(statement, chain, rule, depth);
        if (verdict !== undefined) return verdict;
      }
    }
    return 'return';
  }

  /** `undefined`: go on with the next statement or rule. */
  #execute(statement: Statement, chain: NftChain, rule: NftRule, depth: number): Verdict | undefined {
    switch (statement.kind) {
      case 'accept':
      case 'drop':
        return { verdict: statement.kind, chain: chain.name, rule };
      case 'return':
        return 'return';
      case 'jump': {
        const verdict = this.chain(this.#chain(statement.chain), depth + 1);
        return verdict === 'return' ? undefined : verdict;
      }
      case 'goto':
        return this.chain(this.#chain(statement.chain), depth);
      case 'vmap': {
        const value = fieldValue(statement.field, this.#packet);
        const map = this.#set(statement.map);
        const key = value === undefined ? undefined : findElement(map, [value]);
        const data = key === undefined ? undefined : map.elements.get(key);
        return data === undefined ? undefined : this.#execute(parseVerdict(data), chain, rule, depth);
      }
      case 'mark': {
        const flow = 'flow' in this.#packet ? this.#packet.flow : undefined;
        if (typeof flow === 'object') flow.mark = ((flow.mark & statement.keep) | statement.set) >>> 0;
        return undefined;
      }
      case 'log':
        return undefined;
      case 'snat':
        this.snat = statement.address;
        return { verdict: 'accept', chain: chain.name, rule };
    }
  }

  #matches(match: Match): boolean {
    switch (match.kind) {
      case 'lookup': {
        const values: string[] = [];
        for (const field of match.fields) {
          const value = fieldValue(field, this.#packet);
          if (value === undefined) return false;
          values.push(value);
        }
        return (findElement(this.#set(match.set), values) !== undefined) !== (match.negated === true);
      }
      case 'value': {
        const value = fieldValue(match.field, this.#packet);
        return (
          value !== undefined && match.values.some((part) => partMatches(part, value)) !== (match.negated === true)
        );
      }
      case 'mark': {
        const flow = 'flow' in this.#packet ? this.#packet.flow : undefined;
        return (
          typeof flow === 'object' && ((flow.mark & match.mask) >>> 0 === match.value) !== (match.negated === true)
        );
      }
      case 'source-routed':
        return 'sourceRouted' in this.#packet && this.#packet.sourceRouted === true;
    }
  }

  #set(name: string): NonNullable<ReturnType<NftTable['sets']['get']>> {
    const set = this.#table.sets.get(name);
    if (set === undefined) throw new RangeError(`there is no set ${name}`);
    return set;
  }

  #chain(name: string): NftChain {
    const chain = this.#table.chains.get(name);
    if (chain === undefined) throw new RangeError(`there is no chain ${name}`);
    return chain;
  }
}

function parseVerdict(data: string): Statement {
  const [kind, chain] = data.split(' ');
  if (chain !== undefined && (kind === 'goto' || kind === 'jump')) return { kind, chain };
  if (kind === 'accept' || kind === 'drop' || kind === 'return') return { kind };
  throw new TypeError(`"${data}" is not a verdict`);
}
