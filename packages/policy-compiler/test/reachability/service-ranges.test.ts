import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IntervalSet } from '../../src/reachability/interval-set.ts';
import { serviceRanges, servicesText } from '../../src/reachability/service-ranges.ts';
import {
  ANY_SERVICE,
  FLOW_BEGINNING,
  icmpTypes,
  protocolServices,
  ruleServices,
  type ServiceSet,
} from '../../src/reachability/services.ts';
import { type RuleInput, securityGroup } from '../manifests.ts';

const TCP = 6;
const UDP = 17;

function text(...sets: readonly ServiceSet[]): string {
  return servicesText(IntervalSet.unionOf(sets), 4);
}

describe('servicesText', () => {
  it('writes services as rules do', () => {
    expect(text(protocolServices(TCP, 443, 443))).toBe('tcp 443');
    expect(text(protocolServices(UDP, 53, 53), protocolServices(TCP, 22, 22), protocolServices(TCP, 8000, 8080))).toBe(
      'tcp 22, 8000-8080; udp 53',
    );
    expect(text(protocolServices(TCP), protocolServices(47))).toBe('tcp; gre');
    expect(text(protocolServices(200), protocolServices(201))).toBe('protocol 200-201');
    expect(text(icmpTypes(4, 8))).toBe('icmp type 8');
    expect(text(protocolServices(1, 0x0300, 0x0300), icmpTypes(4, 8))).toBe('icmp type 3/0, 8');
    expect(text()).toBe('nothing');
  });

  it('calls everything that can begin a flow by that', () => {
    expect(text(ANY_SERVICE)).toBe('any protocol');
    expect(text(FLOW_BEGINNING[4])).toBe('any protocol');
    expect(text(protocolServices(1))).toBe('icmp');
    expect(text(protocolServices(1).intersect(FLOW_BEGINNING[4]))).toBe('icmp');
    expect(servicesText(protocolServices(58).intersect(FLOW_BEGINNING[6]), 6)).toBe('icmpv6');
  });

  it('says what is missing where that is shorter', () => {
    expect(text(ANY_SERVICE.subtract(protocolServices(TCP, 25, 25)))).toBe('anything but tcp 25');
    expect(text(FLOW_BEGINNING[4].subtract(protocolServices(UDP)))).toBe('anything but udp');
  });
});

describe('serviceRanges', () => {
  /** What a rule for the range would allow. */
  function ruleOf(range: { protocol: string | number; ports?: number | string; icmp?: number | string }): ServiceSet {
    if (range.protocol === 'any') return ANY_SERVICE;
    const run = /^(\d+)-(\d+)$/.exec(String(range.protocol));
    if (run !== null) {
      const [first, last] = [Number(run[1]), Number(run[2])];
      return IntervalSet.range(BigInt(first) << 16n, (BigInt(last + 1) << 16n) - 1n);
    }
    const icmp = /^(\d+)(?:\/(\d+))?$/.exec(String(range.icmp));
    const input = {
      direction: 'ingress',
      ethertype: 'IPv4',
      protocol: range.protocol,
      ...(range.ports === undefined ? {} : { ports: range.ports }),
      ...(icmp === null
        ? {}
        : { icmp: { type: Number(icmp[1]), ...(icmp[2] === undefined ? {} : { code: Number(icmp[2]) }) } }),
    } satisfies RuleInput;
    const [rule] = securityGroup('t/g', [input]).spec.rules;
    return rule === undefined ? IntervalSet.empty : ruleServices(rule);
  }

  it('says all of a set and nothing else, in terms of rules', () => {
    const port = fc.constantFrom(0, 1, 22, 23, 443, 65_534, 65_535);
    const part = fc.oneof(
      fc
        .tuple(fc.constantFrom(TCP, UDP, 132), port, port)
        .map(([protocol, a, b]) => protocolServices(protocol, Math.min(a, b), Math.max(a, b))),
      fc.constantFrom(0, 2, 5, 47, 199, 200, 255).map((protocol) => protocolServices(protocol)),
      fc.constantFrom(8, 13, 17).map((type) => icmpTypes(4, type)),
      fc.constantFrom(0x0800, 0x0d01).map((detail) => protocolServices(1, detail, detail)),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.boolean(), (parts, without) => {
        const listed = IntervalSet.unionOf(parts);
        const services = (without ? ANY_SERVICE.subtract(listed) : listed).intersect(FLOW_BEGINNING[4]);
        const said = serviceRanges(services, 4).flatMap(({ protocol, ports, icmp }) => {
          if (ports !== undefined) return ports.map((some) => ruleOf({ protocol, ports: some }));
          if (icmp !== undefined) return icmp.flatMap((some) => icmpRules(protocol, some));
          return [ruleOf({ protocol })];
        });
        const meaningful = FLOW_BEGINNING[4].subtract(protocolServices(58));
        expect(IntervalSet.unionOf(said).intersect(meaningful).key).toBe(services.intersect(meaningful).key);
      }),
      { numRuns: 300 },
    );
  });

  /** A range of types or of codes is several rules. */
  function icmpRules(protocol: string | number, range: number | string): readonly ServiceSet[] {
    const [first = '', last = first] = String(range).split('-');
    const detail = (some: string, code: number): number => {
      const [type = '', own] = some.split('/');
      return (Number(type) << 8) | (own === undefined ? code : Number(own));
    };
    return [
      first === last ? ruleOf({ protocol, icmp: first }) : protocolServices(1, detail(first, 0), detail(last, 255)),
    ];
  }
});
