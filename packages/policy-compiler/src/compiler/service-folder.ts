import type { AddressFamily, SecurityGroupRule } from '@slash32/shared';
import { rangeElement } from '../ir/element-text.ts';
import { compareText } from '../model/resource-name.ts';
import { layered } from './layers.ts';
import { PORT_PROTOCOLS, ruleBoxes } from './rule-boxes.ts';

/** Members of many groups with services of one kind: one set, one lookup. */
export interface ServiceClass {
  /** Of the set's name, and for people: `any`, `protocols`, `tcp`, `tcp/8000-8099`. */
  readonly kind: string;
  /** What stands before the address in an element. */
  readonly key: 'nothing' | 'protocol' | 'port';
  /** The one protocol, where ports count. */
  readonly protocol: number | undefined;
  /** The one range of ports, which the rule matches: elements of sets that are no intervals cannot. */
  readonly range: readonly [first: number, last: number] | undefined;
  /** Remote group → services as they stand before the address. */
  readonly services: ReadonlyMap<string, readonly string[]>;
}

/**
 * Sorts what rules allow members of groups into as few classes as single elements can say: any protocol, whole protocols,
 * single ports by protocol, and each range of ports by itself.
 */
export function serviceClasses(
  remotes: Iterable<readonly [name: string, rules: readonly SecurityGroupRule[]]>,
  family: AddressFamily,
): ServiceClass[] {
  const classes = new Map<string, Omit<ServiceClass, 'services'> & { readonly services: Map<string, string[]> }>();
  const add = (remote: string, service: string, some: Omit<ServiceClass, 'services'>): void => {
    const known = classes.get(some.kind) ?? { ...some, services: new Map() };
    classes.set(some.kind, known);
    const its = known.services.get(remote);
    if (its === undefined) known.services.set(remote, [service]);
    else if (!its.includes(service)) its.push(service);
  };
  const wholeProtocol = { kind: 'protocols', key: 'protocol', protocol: undefined, range: undefined } as const;
  for (const [remote, rules] of remotes) {
    if (rules.some((some) => some.protocol === undefined)) {
      add(remote, '', { kind: 'any', key: 'nothing', protocol: undefined, range: undefined });
      continue; // whatever else they allow this remote is part of that
    }
    const { withPorts, withoutPorts } = ruleBoxes(rules, family, false);
    for (const { protocol } of withoutPorts) add(remote, String(protocol), wholeProtocol);
    for (const [protocol, boxes] of withPorts) {
      const name = PORT_PROTOCOLS[family].get(protocol) ?? String(protocol);
      for (const { ports } of layered(boxes).flat()) {
        if (ports === undefined) add(remote, String(protocol), wholeProtocol);
        else if (ports[0] === ports[1]) {
          add(remote, String(ports[0]), { kind: name, key: 'port', protocol, range: undefined });
        } else {
          add(remote, '', { kind: `${name}/${rangeElement(...ports)}`, key: 'nothing', protocol, range: ports });
        }
      }
    }
  }
  return [...classes.values()].sort((left, right) => compareText(left.kind, right.kind));
}
