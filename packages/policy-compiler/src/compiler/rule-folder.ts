import type { AddressFamily, NftSet, SecurityGroupRule } from '@slash32/shared';
import { commentText, elementComment } from '../ir/comment-text.ts';
import { prefixElement, rangeElement } from '../ir/element-text.ts';
import { type GroupSetKey, groupSetName, type Mode, sharedSetName } from '../ir/names.ts';
import { type CompiledRule, type Field, inSet, is, type Match, rule } from '../ir/rule.ts';
import { layered } from './layers.ts';
import { passStatement } from './pass-statement.ts';
import { ICMP, PORT_PROTOCOLS, type RuleBox, ruleBoxes } from './rule-boxes.ts';
import { serviceClasses } from './service-folder.ts';
import type { ServiceSet } from './service-sets.ts';
import type { SetReference } from './shared-sets.ts';

const ADDRESS_TYPE: Readonly<Record<AddressFamily, string>> = { 4: 'ipv4_addr', 6: 'ipv6_addr' };
const FAMILY_NAME: Readonly<Record<AddressFamily, string>> = { 4: 'IPv4', 6: 'IPv6' };
const NF_PROTOCOL: Readonly<Record<AddressFamily, string>> = { 4: 'ipv4', 6: 'ipv6' };
/** A description in a rule's comment, beside names of groups. */
const LONGEST_DESCRIPTION = 60;

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

/** The element that counts a rule's packets. */
export interface CounterPlace {
  readonly set: string;
  readonly element: string;
  /** False: it is another rule's, which allows all that this one does. */
  readonly own: boolean;
}

/** Where a folder puts what it writes. */
export interface FoldedRules {
  readonly sets: NftSet[];
  readonly rules: Readonly<Record<Mode, CompiledRule[]>>;
  /** Filled if present, for a counted group. */
  readonly counterPlaces?: Map<SecurityGroupRule, CounterPlace>;
}

/**
 * Writes the sets and rules of one group, direction and family. A box that is alone in its layer becomes matches in the
 * rule; a set begins with two.
 *
 * Where the group is counted, every rule is an element, because an element's counter outlives all changes but its own;
 * a rule's would begin anew with each change of its chain. The counting lookup is the last match, so that what it counts
 * is what passed.
 */
export class RuleFolder {
  readonly #key: GroupSetKey;
  readonly #folded: FoldedRules;

  constructor(key: GroupSetKey, folded: FoldedRules) {
    this.#key = key;
    this.#folded = folded;
  }

  /** `rules`: those that do, and others that are part of that. */
  allowAnything(rules: readonly SecurityGroupRule[], isOwn: (some: SecurityGroupRule) => boolean): void {
    const noMatch = (): Alternatives => [[]];
    this.#allow({ part: 'anything', note: 'anything', rules, isOwn, matches: noMatch });
  }

  /** Rules whose far end is a CIDR or anybody: the address is part of the element. */
  foldCidrs(rules: readonly SecurityGroupRule[]): void {
    const { family } = this.#key;
    const { withPorts, withoutPorts } = ruleBoxes(rules, family, true);
    const type = ADDRESS_TYPE[family];
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
    const ofMembers = first.kind !== 'address-group';
    const what = ofMembers ? `members of ${first.name}` : `address group ${first.name}`;
    const farEnds = (mode: Mode): Alternatives => shared.map((reference) => [this.#inShared(reference, mode)]);
    const place = `${ofMembers ? 'group' : 'list'}/${first.name}`;
    const ofAnyProtocol = (some: SecurityGroupRule): boolean => some.protocol === undefined;
    if (rules.some(ofAnyProtocol)) {
      this.#allow({ part: `${place}/anything`, note: what, rules, isOwn: ofAnyProtocol, matches: farEnds });
      return; // whatever else they allow this remote is part of that
    }
    const { withPorts, withoutPorts } = ruleBoxes(rules, this.#key.family, false);
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

  /** Rules whose far ends are members of many groups: address and service are one element. Returns the sets. */
  foldServices(remotes: readonly (readonly [name: string, rules: readonly SecurityGroupRule[]])[]): ServiceSet[] {
    const { group, direction, family } = this.#key;
    const address = ADDRESS_TYPE[family];
    return serviceClasses(remotes, family).map(({ kind, key, protocol, range, services }) => {
      const name = groupSetName(this.#key, `groups/${kind}`);
      this.#addRules(`${kind}, members of groups`, (mode) => {
        const guard = protocol === undefined ? [] : this.#portGuard(mode, protocol);
        const ports = range === undefined ? [] : [is(this.#portField(mode, protocol), rangeElement(...range))];
        const fields = {
          nothing: [],
          protocol: [protocolField(mode)],
          port: [this.#portField(mode, protocol)],
        } as const;
        return [[...guard, ...ports, inSet([...fields[key], this.#farAddress(mode)], name)]];
      });
      const type = { nothing: address, protocol: `inet_proto . ${address}`, port: `inet_service . ${address}` }[key];
      return { name, type, family, group, direction, services };
    });
  }

  #inShared({ kind, name, family }: SetReference, mode: Mode): Match {
    const set = sharedSetName(kind, name, family);
    return kind === 'members'
      ? inSet([this.#farAddress(mode)], set)
      : inSet(['meta l4proto', this.#farAddress(mode)], set);
  }

  /** A rule without a set, or with one of a single element, which is there to count. */
  #allow(allowed: {
    readonly part: string;
    readonly note: string;
    readonly rules: readonly SecurityGroupRule[];
    /** It allows all of this; else it allows a part. */
    readonly isOwn: (some: SecurityGroupRule) => boolean;
    readonly matches: (mode: Mode) => Alternatives;
  }): void {
    const { part, note, rules, isOwn, matches } = allowed;
    const description = descriptionOf(rules.filter(isOwn));
    if (!this.#key.counted) {
      const family = (mode: Mode): Alternatives =>
        matches(mode).map((some) => (some.length === 0 ? [this.#ofFamily()] : some));
      this.#addRules(described(note, description), family);
      return;
    }
    const set = groupSetName(this.#key, part);
    const element = NF_PROTOCOL[this.#key.family];
    const elements = new Map([[element, elementComment(description)]]);
    this.#folded.sets.push({ name: set, type: 'nf_proto', interval: false, counted: true, elements });
    this.#addRules(note, (mode) => matches(mode).map((some) => [...some, inSet(['meta nfproto'], set)]));
    for (const some of rules) this.#folded.counterPlaces?.set(some, { set, element, own: isOwn(some) });
  }

  #fold(folding: Folding): void {
    const { part, note, boxes, protocol, type, fields, farEnds } = folding;
    const { counted } = this.#key;
    const sets = new Map<string, string>();
    const containers = new Map<string, RuleBox>();
    const descriptions = descriptionsByText(boxes);
    layered(boxes, containers).forEach((layer, index) => {
      const [only, ...more] = layer;
      if (only === undefined) return;
      const set = groupSetName(this.#key, index === 0 ? part : `${part}.${index + 1}`);
      if (more.length === 0 && !counted) {
        const noted = described(note, descriptions.get(only.text) ?? '');
        this.#addRules(noted, (mode) => farEnds(mode).map((far) => [...this.#matchesOf(only, mode), ...far]), {
          set,
          element: only.text,
        });
        return;
      }
      for (const { text } of layer) sets.set(text, set);
      const interval = type.includes(' . ');
      const elements = new Map(layer.map(({ text }) => [text, elementComment(descriptions.get(text) ?? '')]));
      this.#folded.sets.push({ name: set, type, interval, ...(counted ? { counted: true } : {}), elements });
      this.#addRules(note, (mode) => {
        const guard = protocol === undefined ? [] : this.#portGuard(mode, protocol);
        const lookup = inSet(fields(mode), set);
        return farEnds(mode).map((far) => (counted ? [...far, ...guard, lookup] : [...guard, lookup, ...far]));
      });
    });
    if (counted) this.#noteCounterPlaces(boxes, sets, containers);
  }

  /** `sets`: of the texts that became elements; each other box is equal to one of them, or inside it. */
  #noteCounterPlaces(
    boxes: readonly RuleBox[],
    sets: ReadonlyMap<string, string>,
    containers: ReadonlyMap<string, RuleBox>,
  ): void {
    for (const { text, rule: some } of boxes) {
      let element: string | undefined = text;
      while (element !== undefined && !sets.has(element)) element = containers.get(element)?.text;
      const set = element === undefined ? undefined : sets.get(element);
      if (element === undefined || set === undefined) continue;
      this.#folded.counterPlaces?.set(some, { set, element, own: element === text });
    }
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
    return is('meta nfproto', NF_PROTOCOL[this.#key.family]);
  }

  /** What must stand before a match of ports; for a flow, only both together tell nft what `ct original proto-dst` is. */
  #portGuard(mode: Mode, protocol: number): Match[] {
    const ofProtocol = is(protocolField(mode), String(protocol));
    return mode === 'flow' ? [this.#ofFamily(), ofProtocol] : [ofProtocol];
  }

  #nameOf(protocol: number): string {
    return PORT_PROTOCOLS[this.#key.family].get(protocol) ?? String(protocol);
  }

  /** Of ICMP: type and code, in the first two octets of its header. */
  #portField(mode: Mode, protocol: number | undefined): Field {
    if (mode === 'flow') return 'ct original proto-dst';
    return protocol === ICMP[this.#key.family] ? 'th sport' : 'th dport';
  }

  #farAddress(mode: Mode): Field {
    const header = this.#key.family === 4 ? 'ip' : 'ip6';
    const side = this.#key.direction === 'ingress' ? 'saddr' : 'daddr';
    return mode === 'flow' ? `ct original ${header} ${side}` : `${header} ${side}`;
  }

  #addRules(
    what: string,
    alternatives: (mode: Mode) => Alternatives,
    insteadOf?: NonNullable<CompiledRule['insteadOf']>,
  ): void {
    const { group, direction, family } = this.#key;
    const note = `${group} ${direction} ${FAMILY_NAME[family]}: ${what}`;
    for (const mode of ['flow', 'packet'] as const) {
      for (const matches of alternatives(mode)) {
        const compiled = rule(note, matches, passStatement(mode, direction));
        this.#folded.rules[mode].push(insteadOf === undefined ? compiled : { ...compiled, insteadOf });
      }
    }
  }
}

/** An ICMP error about a flow has a protocol of its own, and is judged by the flow's. */
function protocolField(mode: Mode): Field {
  return mode === 'flow' ? 'ct original protocol' : 'meta l4proto';
}

function descriptionOf(rules: readonly SecurityGroupRule[]): string {
  return rules.find(({ description = '' }) => description !== '')?.description ?? '';
}

/** Of boxes that are equal, the first description. */
function descriptionsByText(boxes: readonly RuleBox[]): ReadonlyMap<string, string> {
  const descriptions = new Map<string, string>();
  for (const { text, rule: some } of boxes) {
    const { description = '' } = some;
    if (description !== '' && !descriptions.has(text)) descriptions.set(text, description);
  }
  return descriptions;
}

function described(note: string, description: string): string {
  const text = commentText(description, LONGEST_DESCRIPTION);
  return text === '' ? note : `${note} (${text})`;
}
