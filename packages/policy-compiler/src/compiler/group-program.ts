import {
  type AddressFamily,
  type IpPrefix,
  lastAddress,
  type NftSet,
  parseIpPrefix,
  resolveReference,
  type SecurityGroup,
  type SecurityGroupRule,
} from '@slash32/shared';
import { concatenation, prefixElement, rangeElement } from '../ir/element-text.ts';
import { maximalPrefixes } from '../ir/maximal-prefixes.ts';
import {
  addressGroupSetName,
  type Direction,
  groupSetName,
  type Mode,
  memberPrefixSetName,
  memberSetName,
  NAMES,
} from '../ir/names.ts';
import {
  ACCEPT,
  type CompiledRule,
  type Field,
  goto,
  inSet,
  is,
  type Match,
  rule,
  type Statement,
} from '../ir/rule.ts';
import { nameOf } from '../model/resolve-instance.ts';
import { type Box, type Interval, layered } from './layers.ts';

/** A set that rules of this group look up but that belongs to all groups together. */
export interface SetReference {
  readonly kind: 'members' | 'address-group';
  /** `NAMESPACE/NAME`. */
  readonly name: string;
  readonly family: AddressFamily;
}

/** One direction of a group: what its chains and sets hold. */
export interface GroupProgram {
  /** The group's own sets. */
  readonly sets: readonly NftSet[];
  readonly rules: Readonly<Record<Mode, readonly CompiledRule[]>>;
  readonly references: readonly SetReference[];
}

/**
 * Protocols that conntrack keeps a port (or, for ICMP, type and code) of, so that these fold into one set with the
 * remote address. They have to be named, or nft does not know what `ct original proto-dst` is.
 */
const PORT_PROTOCOLS: Readonly<Record<AddressFamily, readonly number[]>> = {
  4: [1, 6, 17, 33, 132, 136],
  6: [6, 17, 33, 58, 132, 136],
};
const ICMP: Readonly<Record<AddressFamily, number>> = { 4: 1, 6: 58 };
const ANYBODY: Readonly<Record<AddressFamily, string>> = { 4: '0.0.0.0/0', 6: '::/0' };
const ADDRESS_TYPE: Readonly<Record<AddressFamily, string>> = { 4: 'ipv4_addr', 6: 'ipv6_addr' };
const FAMILY_NAME: Readonly<Record<AddressFamily, string>> = { 4: 'IPv4', 6: 'IPv6' };

/** Folds the rules of one direction: a packet costs one lookup for each kind of rule, whatever their number. */
export function compileGroup(group: SecurityGroup, direction: Direction): GroupProgram {
  const name = nameOf(group);
  const sets: NftSet[] = [];
  const rules: Record<Mode, CompiledRule[]> = { flow: [], packet: [] };
  const references: SetReference[] = [];
  for (const family of [4, 6] as const) {
    const ofFamily = group.spec.rules.filter(
      (some) => some.direction === direction && some.ethertype === FAMILY_NAME[family],
    );
    const folder = new Folder(name, direction, family, sets, rules);
    folder.foldCidrs(
      ofFamily.filter((some) => some.remote?.group === undefined && some.remote?.addressGroup === undefined),
    );
    for (const kind of ['members', 'address-group'] as const) {
      for (const [remote, itsRules] of byRemote(ofFamily, kind, group.metadata.namespace)) {
        references.push({ kind, name: remote, family });
        folder.foldRemote(kind, remote, itsRules);
      }
    }
  }
  return { sets, rules, references };
}

function byRemote(
  rules: readonly SecurityGroupRule[],
  kind: SetReference['kind'],
  namespace: string,
): [string, SecurityGroupRule[]][] {
  const found = new Map<string, SecurityGroupRule[]>();
  for (const some of rules) {
    const reference = kind === 'members' ? some.remote?.group : some.remote?.addressGroup;
    if (reference === undefined) continue;
    const remote = resolveReference(reference, namespace);
    const list = found.get(remote);
    if (list === undefined) found.set(remote, [some]);
    else list.push(some);
  }
  return [...found].sort(([left], [right]) => (left < right ? -1 : 1));
}

/** Writes the sets and rules of one group, direction and family. */
class Folder {
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

  /** Rules whose far end is a CIDR or anybody: the address is part of the element. */
  foldCidrs(rules: readonly SecurityGroupRule[]): void {
    const family = this.#family;
    const address = ADDRESS_TYPE[family];
    const anyProtocol: IpPrefix[] = [];
    const withPorts: Box[] = [];
    const withoutPorts: Box[] = [];
    for (const some of rules) {
      const prefix = parseIpPrefix(some.remote?.cidr ?? ANYBODY[family]);
      const range: Interval = [comparable(prefix.value, family), comparable(lastAddress(prefix), family)];
      const { protocol } = some;
      if (protocol === undefined) {
        anyProtocol.push(prefix);
      } else if (PORT_PROTOCOLS[family].includes(protocol)) {
        const [first, last] = portsOf(some);
        withPorts.push({
          dimensions: [[protocol, protocol], [first, last], range],
          text: concatenation(String(protocol), rangeElement(first, last), prefixElement(prefix)),
        });
      } else {
        withoutPorts.push({
          dimensions: [[protocol, protocol], range],
          text: concatenation(String(protocol), prefixElement(prefix)),
        });
      }
    }
    if (anyProtocol.length > 0) {
      const set = this.#addSet('any', address, true, maximalPrefixes(anyProtocol).map(prefixElement));
      this.#addRules(`any protocol`, (mode) => [[inSet([this.#farAddress(mode)], set)]]);
    }
    layered(withPorts).forEach((layer, index) => {
      const set = this.#addSet(layerName('ports', index), `inet_proto . inet_service . ${address}`, true, texts(layer));
      this.#addRules('ports', (mode) => this.#portLookups(mode, set, [this.#farAddress(mode)], []));
    });
    layered(withoutPorts).forEach((layer, index) => {
      const set = this.#addSet(layerName('protocols', index), `inet_proto . ${address}`, true, texts(layer));
      this.#addRules('protocols', (mode) => [[inSet(['meta l4proto', this.#farAddress(mode)], set)]]);
    });
  }

  /** Rules whose far end is a group's members or an address group: the addresses are a shared set of their own. */
  foldRemote(kind: SetReference['kind'], remote: string, rules: readonly SecurityGroupRule[]): void {
    const family = this.#family;
    const shared =
      kind === 'members'
        ? [memberSetName(remote, family), memberPrefixSetName(remote, family)]
        : [addressGroupSetName(remote, family)];
    const what = kind === 'members' ? `members of ${remote}` : `address group ${remote}`;
    const part = kind === 'members' ? `group/${remote}` : `list/${remote}`;
    const farEnds = (mode: Mode): Match[] => shared.map((set) => inSet([this.#farAddress(mode)], set));
    if (rules.some((some) => some.protocol === undefined)) {
      this.#addRules(what, (mode) => farEnds(mode).map((far) => [far]));
      return; // whatever else they allow this remote is part of that
    }
    const withPorts: Box[] = [];
    const protocols = new Set<string>();
    for (const some of rules) {
      if (some.protocol === undefined) continue;
      if (!PORT_PROTOCOLS[family].includes(some.protocol)) {
        protocols.add(String(some.protocol));
        continue;
      }
      const [first, last] = portsOf(some);
      withPorts.push({
        dimensions: [
          [some.protocol, some.protocol],
          [first, last],
        ],
        text: concatenation(String(some.protocol), rangeElement(first, last)),
      });
    }
    layered(withPorts).forEach((layer, index) => {
      const set = this.#addSet(`${part}/${layerName('ports', index)}`, 'inet_proto . inet_service', true, texts(layer));
      this.#addRules(`ports, ${what}`, (mode) =>
        farEnds(mode).flatMap((far) => this.#portLookups(mode, set, [], [far])),
      );
    });
    if (protocols.size > 0) {
      const set = this.#addSet(`${part}/protocols`, 'inet_proto', false, [...protocols].sort());
      this.#addRules(`protocols, ${what}`, (mode) => farEnds(mode).map((far) => [far, inSet(['meta l4proto'], set)]));
    }
  }

  #addSet(part: string, type: string, interval: boolean, elements: readonly string[]): string {
    const name = groupSetName(this.#direction, this.#group, this.#family, part);
    this.#sets.push({ name, type, interval, elements: new Map(elements.map((element) => [element, ''])) });
    return name;
  }

  #addRules(what: string, matches: (mode: Mode) => readonly (readonly Match[])[]): void {
    const note = `${this.#group} ${this.#direction} ${FAMILY_NAME[this.#family]}: ${what}`;
    for (const mode of ['flow', 'packet'] as const) {
      for (const list of matches(mode)) this.#rules[mode].push(rule(note, list, passStatement(mode, this.#direction)));
    }
  }

  /** Protocol and port, followed by `more` fields, in `set`; `first`: cheaper conditions to check before. */
  #portLookups(mode: Mode, set: string, more: readonly Field[], first: readonly Match[]): Match[][] {
    const family = this.#family;
    if (mode === 'flow') {
      return [
        [
          ...first,
          is('meta l4proto', ...PORT_PROTOCOLS[family].map(String)),
          inSet(['meta l4proto', 'ct original proto-dst', ...more], set),
        ],
      ];
    }
    const withPorts = PORT_PROTOCOLS[family].filter((protocol) => protocol !== ICMP[family]);
    return [
      [...first, is('meta l4proto', ...withPorts.map(String)), inSet(['meta l4proto', 'th dport', ...more], set)],
      [...first, is('meta l4proto', String(ICMP[family])), inSet(['meta l4proto', 'th sport', ...more], set)],
    ];
  }

  #farAddress(mode: Mode): Field {
    const header = this.#family === 4 ? 'ip' : 'ip6';
    const side = this.#direction === 'ingress' ? 'saddr' : 'daddr';
    return mode === 'flow' ? `ct original ${header} ${side}` : `${header} ${side}`;
  }
}

/** What a rule that allows does: a flow is also marked as having passed this end. */
export function passStatement(mode: Mode, direction: Direction): Statement {
  return mode === 'flow' ? goto(NAMES.passes[direction]) : ACCEPT;
}

/** Ports, or ICMP type and code as conntrack keeps them: `type * 256 + code`. */
function portsOf(some: SecurityGroupRule): readonly [number, number] {
  if (some.ports !== undefined) return [some.ports.first, some.ports.last];
  const { type, code } = some.icmp ?? {};
  if (type === undefined) return [0, 65_535];
  return code === undefined ? [type * 256, type * 256 + 255] : [type * 256 + code, type * 256 + code];
}

/** IPv4 addresses as numbers: faster to compare than bigints. */
function comparable(value: bigint, family: AddressFamily): number | bigint {
  return family === 4 ? Number(value) : value;
}

function layerName(part: string, index: number): string {
  return index === 0 ? part : `${part}.${index + 1}`;
}

function texts(boxes: readonly Box[]): string[] {
  return boxes.map((box) => box.text);
}
