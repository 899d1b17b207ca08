import type { AddressFamily, NftSet, SecurityGroupRule } from '@slash32/shared';
import { prefixElement, rangeElement } from '../ir/element-text.ts';
import { type Direction, groupSetName, type Mode, sharedSetName } from '../ir/names.ts';
import { type CompiledRule, type Field, inSet, is, type Match, rule } from '../ir/rule.ts';
import { layered } from './layers.ts';
import { passStatement } from './pass-statement.ts';
import { ICMP, PORT_PROTOCOLS, type RuleBox, ruleBoxes } from './rule-boxes.ts';
import type { SetReference } from './shared-sets.ts';

const ADDRESS_TYPE: Readonly<Record<AddressFamily, string>> = { 4: 'ipv4_addr', 6: 'ipv6_addr' };
const FAMILY_NAME: Readonly<Record<AddressFamily, string>> = { 4: 'IPv4', 6: 'IPv6' };
const NF_PROTOCOL: Readonly<Record<AddressFamily, string>> = { 4: 'ipv4', 6: 'ipv6' };

type Alternatives = readonly (readonly Match[])[];

/** Boxes that go into sets of one type. */
interface Folding {
  /** Of the set's name. */
  readonly part: string;
  /** For people. */
  readonly note: string;
  readonly boxes: readonly RuleBox[];
  /** The one that all boxes have. */
  readonly protocol?: number;
  readonly type: string;
  /** What is looked up. */
  readonly fields: (mode: Mode) => readonly Field[];
  /** Conditions beside it, each enough. */
  readonly farEnds: (mode: Mode) => Alternatives;
}

/**
 * Writes the sets and rules of one group, direction and family. A box that is alone in its layer becomes matches in the
 * rule; a set begins with two.
 */
export class RuleFolder {
  readonly #group: string;
  readonly #direction: Direction;
  readonly #family: AddressFamily;
  readonly #sets: NftSet[];
  readonly #rules: Record<Mode, CompiledRule[]>;

  constructor(
    group: string,
    direction: Direction,
    family: AddressFamily,
    sets: NftSet[],
    rules: Record<Mode, CompiledRule[]>,
  ) {
    this.#group = group;
    this.#direction = direction;
    this.#family = family;
    this.#sets = sets;
    this.#rules = rules;
  }

  allowAnything(): void {
    this.#addRules('anything', () => [[is('meta nfproto', NF_PROTOCOL[this.#family])]]);
  }

  /** Rules whose far end is a CIDR or anybody: the address is part of the element. */
  foldCidrs(rules: readonly SecurityGroupRule[]): void {
    const { withPorts, withoutPorts } = ruleBoxes(rules, this.#family, true);
    const type = ADDRESS_TYPE[this.#family];
    const farEnds = (): Alternatives => [[]];
    for (const [protocol, boxes] of withPorts) {
      const fields = (mode: Mode): Field[] => [this.#portField(mode, protocol), this.#farAddress(mode)];
      const kind = this.#nameOf(protocol);
      this.#fold({ part: kind, note: kind, boxes, protocol, type: `inet_service . ${type}`, fields, farEnds });
    }
    const fields = (mode: Mode): Field[] => [protocolField(mode), this.#farAddress(mode)];
    const kind = 'protocols';
    this.#fold({ part: kind, note: kind, boxes: withoutPorts, type: `inet_proto . ${type}`, fields, farEnds });
  }

  /** Rules whose far end is in `shared`: the addresses are sets of their own, one lookup each. */
  foldRemote(shared: readonly SetReference[], rules: readonly SecurityGroupRule[]): void {
    const [first] = shared;
    if (first === undefined) return;
    const ofMembers = first.kind === 'members';
    const what = ofMembers ? `members of ${first.name}` : `address group ${first.name}`;
    const farEnds = (mode: Mode): Alternatives => shared.map((reference) => [this.#inShared(reference, mode)]);
    if (rules.some((some) => some.protocol === undefined)) {
      this.#addRules(what, farEnds);
      return; // whatever else they allow this remote is part of that
    }
    const place = `${ofMembers ? 'group' : 'list'}/${first.name}`;
    const { withPorts, withoutPorts } = ruleBoxes(rules, this.#family, false);
    for (const [protocol, boxes] of withPorts) {
      const fields = (mode: Mode): Field[] => [protocolField(mode), this.#portField(mode, protocol)];
      const kind = this.#nameOf(protocol);
      const type = 'inet_proto . inet_service';
      this.#fold({ part: `${place}/${kind}`, note: `${kind}, ${what}`, boxes, protocol, type, fields, farEnds });
    }
    this.#fold({
      part: `${place}/protocols`,
      note: `protocols, ${what}`,
      boxes: withoutPorts,
      type: 'inet_proto',
      fields: (mode) => [protocolField(mode)],
      farEnds,
    });
  }

  #inShared({ kind, name, family }: SetReference, mode: Mode): Match {
    const set = sharedSetName(kind, name, family);
    return kind === 'members'
      ? inSet([this.#farAddress(mode)], set)
      : inSet(['meta l4proto', this.#farAddress(mode)], set);
  }

  #fold(folding: Folding): void {
    const { part, note, boxes, protocol, type, fields, farEnds } = folding;
    layered(boxes).forEach((layer, index) => {
      const [only, ...more] = layer;
      if (only === undefined) return;
      const set = groupSetName(this.#direction, this.#group, this.#family, index === 0 ? part : `${part}.${index + 1}`);
      if (more.length === 0) {
        this.#addRules(note, (mode) => farEnds(mode).map((far) => [...this.#matchesOf(only, mode), ...far]), {
          set,
          element: only.text,
        });
        return;
      }
      const interval = type.includes(' . ');
      this.#sets.push({ name: set, type, interval, elements: new Map(layer.map((box) => [box.text, ''])) });
      this.#addRules(note, (mode) => {
        const guard = protocol === undefined ? [] : this.#portGuard(mode, protocol);
        return farEnds(mode).map((far) => [...guard, inSet(fields(mode), set), ...far]);
      });
    });
  }

  /** The box without a set, cheap matches first. */
  #matchesOf({ protocol, ports, remote }: RuleBox, mode: Mode): Match[] {
    const matches: Match[] = [];
    if (ports !== undefined && protocol !== undefined) {
      if (remote === 'anybody' && mode === 'packet') matches.push(this.#ofFamily());
      matches.push(...this.#portGuard(mode, protocol), is(this.#portField(mode, protocol), rangeElement(...ports)));
    } else {
      if (remote === 'anybody') matches.push(this.#ofFamily());
      if (protocol !== undefined) matches.push(is(protocolField(mode), String(protocol)));
    }
    if (typeof remote === 'object') matches.push(is(this.#farAddress(mode), prefixElement(remote)));
    return matches;
  }

  #ofFamily(): Match {
    return is('meta nfproto', NF_PROTOCOL[this.#family]);
  }

  /** What must stand before a match of ports; for a flow, only both together tell nft what `ct original proto-dst` is. */
  #portGuard(mode: Mode, protocol: number): Match[] {
    const ofProtocol = is(protocolField(mode), String(protocol));
    return mode === 'flow' ? [this.#ofFamily(), ofProtocol] : [ofProtocol];
  }

  #nameOf(protocol: number): string {
    return PORT_PROTOCOLS[this.#family].get(protocol) ?? String(protocol);
  }

  /** Of ICMP: type and code, in the first two octets of its header. */
  #portField(mode: Mode, protocol: number | undefined): Field {
    if (mode === 'flow') return 'ct original proto-dst';
    return protocol === ICMP[this.#family] ? 'th sport' : 'th dport';
  }

  #farAddress(mode: Mode): Field {
    const header = this.#family === 4 ? 'ip' : 'ip6';
    const side = this.#direction === 'ingress' ? 'saddr' : 'daddr';
    return mode === 'flow' ? `ct original ${header} ${side}` : `${header} ${side}`;
  }

  #addRules(
    what: string,
    alternatives: (mode: Mode) => Alternatives,
    insteadOf?: NonNullable<CompiledRule['insteadOf']>,
  ): void {
    const note = `${this.#group} ${this.#direction} ${FAMILY_NAME[this.#family]}: ${what}`;
    for (const mode of ['flow', 'packet'] as const) {
      for (const matches of alternatives(mode)) {
        const compiled = rule(note, matches, passStatement(mode, this.#direction));
        this.#rules[mode].push(insteadOf === undefined ? compiled : { ...compiled, insteadOf });
      }
    }
  }
}

/** An ICMP error about a flow has a protocol of its own, and is judged by the flow's. */
function protocolField(mode: Mode): Field {
  return mode === 'flow' ? 'ct original protocol' : 'meta l4proto';
}
