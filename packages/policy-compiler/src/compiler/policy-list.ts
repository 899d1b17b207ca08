import type { NftChain } from '@slash32/shared';
import { type Direction, listChainName, type Mode, NAMES, type PolicyListKey } from '../ir/names.ts';
import { DROP, type Field, notInSet, RETURN, rule, type Statement } from '../ir/rule.ts';
import type { OpenInstance } from '../model/resolved-instance.ts';
import type { EndpointVerdicts } from './endpoint-elements.ts';
import type { GroupProgram } from './group-program.ts';
import { passStatement } from './pass-statement.ts';

/**
 * The chains of all endpoints with the same groups and reach. A host with thousands of endpoints has few of these, and
 * an endpoint is an element that names one.
 */
export class PolicyList {
  readonly id: string;
  readonly key: PolicyListKey;
  readonly mode: Mode;

  constructor(instance: OpenInstance) {
    const { groups, reach, stateful, portSecurity, logDrops } = instance;
    this.key = { groups, reach, unfiltered: !portSecurity, logged: logDrops !== undefined };
    // Without port security nothing is asked of a flow, so packets that belong to none pass, too.
    this.mode = stateful && portSecurity ? 'flow' : 'packet';
    this.id = listChainName(this.mode, 'ingress', this.key);
  }

  chainName(direction: Direction): string {
    return listChainName(this.mode, direction, this.key);
  }

  /** The rules of all its groups, one after the other: few, since most of what groups allow is in sets. */
  chain(direction: Direction, programOf: (group: string) => GroupProgram): NftChain {
    const { groups, reach, unfiltered } = this.key;
    const drop = this.#drop;
    const end = unfiltered
      ? rule('no port security', [], passStatement(this.mode, direction))
      : rule(this.#dropNote(direction), [], drop);
    return {
      name: this.chainName(direction),
      rules: [
        ...(reach === 'site' ? this.#siteRules(direction) : []),
        ...groups.flatMap((group) => programOf(group).rules[this.mode]),
        end,
      ],
    };
  }

  /**
   * `jump`, so that whoever falls off the end, or returns, meets the drop behind the map, where `goto` would end in the base chain's
   * policy. No list chain ends without a verdict, but a packet that is on its way while a transaction commits may see
   * the new element with the old, empty rules of the new chain: the kernel reads the generation of rules once per base
   * chain, and that of elements at each lookup.
   */
  verdicts(): EndpointVerdicts {
    const egress = `jump ${this.chainName('egress')}`;
    const ingress = `jump ${this.chainName('ingress')}`;
    if (this.mode === 'flow') return { egress, ingress };
    const { passes } = NAMES;
    return { egress: `jump ${passes.egress}`, ingress: `jump ${passes.ingress}`, packet: { egress, ingress } };
  }

  /** Behind the map that led here a packet that did not pass drops, and is logged before. */
  get #drop(): Statement {
    return this.key.logged ? RETURN : DROP;
  }

  #siteRules(direction: Direction): NftChain['rules'] {
    const side = direction === 'egress' ? 'daddr' : 'saddr';
    return ([4, 6] as const).map((family) => {
      const header = family === 4 ? 'ip' : 'ip6';
      const field: Field = this.mode === 'flow' ? `ct original ${header} ${side}` : `${header} ${side}`;
      return rule(`IPv${family}: beyond the reach of its network`, [notInSet([field], NAMES.site[family])], this.#drop);
    });
  }

  #dropNote(direction: Direction): string {
    if (this.key.groups.length === 0) return 'it has no groups';
    return `no ${direction} rule of ${this.key.groups.join(', ')}`;
  }
}
