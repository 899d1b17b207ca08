import { parseIpAddress, type Resource } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FabricModel, tracePacket } from '../../src/index.ts';
import { compareReachability, type ReachabilityDifference } from '../../src/reachability/compare-reachability.ts';
import { isInBox } from '../../src/reachability/flow-box.ts';
import { type FlowEnd, OUTSIDE } from '../../src/reachability/flow-end.ts';
import { outsideText } from '../../src/reachability/outside-text.ts';
import { type FlowEdge, Reachability } from '../../src/reachability/reachability.ts';
import { servicesText } from '../../src/reachability/service-ranges.ts';
import { serviceOf } from '../../src/reachability/services.ts';
import { addressGroup, instance, type RuleInput, securityGroup } from '../manifests.ts';
import {
  apply,
  changeArbitrary,
  foundation,
  groupArbitrary,
  OUTSIDE as OUTSIDE_ADDRESSES,
  packetArbitrary,
  probe,
} from '../random-fabric.ts';

function modelOf(...resources: readonly Resource[]): FabricModel {
  const model = new FabricModel();
  for (const resource of [...foundation(), ...resources]) model.put(resource);
  return model;
}

function web(name: string, last: number, securityGroups: string[], addresses = [`10.1.0.${last}`]): Resource {
  const [mac, tap] = [`52:54:00:00:00:0${last}`, `tap${last}`];
  return instance(name, { host: 'h1', interface: tap, mac, network: 'public', addresses, securityGroups });
}

function difference(before: readonly Resource[], after: readonly Resource[]): readonly string[] {
  const [old, now] = [new Reachability(modelOf(...before)), new Reachability(modelOf(...after))];
  const { opens, closes } = compareReachability(old, now);
  return [
    ...opens.flatMap((edge) => edgeTexts('opens', edge, now)),
    ...closes.flatMap((edge) => edgeTexts('closes', edge, old)),
  ];
}

function edgeTexts(what: string, { source, destination, family, boxes }: FlowEdge, side: Reachability): string[] {
  return boxes.map((box) => {
    const from = source === OUTSIDE ? outsideText(box.sources, side, family) : source;
    const to = destination === OUTSIDE ? outsideText(box.destinations, side, family) : destination;
    return `${what} ${String(from)} → ${String(to)} ${servicesText(box.services, family)}`;
  });
}

const INGRESS = { direction: 'ingress', ethertype: 'IPv4' } as const;
const EGRESS = { direction: 'egress', ethertype: 'IPv4' } as const;
const HTTPS: RuleInput = { ...INGRESS, protocol: 'tcp', ports: 443 };

describe('compareReachability', () => {
  const base = [web('t/i1', 1, ['t/g1']), web('t/i2', 2, ['t/g2'])];

  it('tells what a rule opens, from whom, and what its loss closes', () => {
    const with443 = [...base, securityGroup('t/g1', [{ ...HTTPS, remote: { cidr: '0.0.0.0/0' } }])];
    expect(difference(base, with443)).toEqual(['opens internet → t/i1 tcp 443']);
    expect(difference(with443, base)).toEqual(['closes internet → t/i1 tcp 443']);
  });

  it('needs both ends', () => {
    const egress = [...base, securityGroup('t/g2', [EGRESS])];
    expect(difference(base, egress)).toEqual(['opens t/i2 → internet any protocol']);
    const both = [...egress, securityGroup('t/g1', [{ ...HTTPS, remote: { group: 'g2' } }])];
    expect(difference(egress, both)).toEqual(['opens t/i2 → t/i1 tcp 443']);
  });

  it('tells only the part that is new', () => {
    const narrow = [...base, securityGroup('t/g1', [{ ...HTTPS, remote: { cidr: '198.51.100.0/24' } }])];
    const wide = [...base, securityGroup('t/g1', [{ ...INGRESS, protocol: 'tcp', ports: '440-450' }])];
    expect(difference(narrow, wide)).toEqual([
      'opens internet → t/i1 tcp 440-442, 444-450',
      'opens internet but 198.51.100.0/24 → t/i1 tcp 443',
    ]);
  });

  it('follows an address group that is edited in place, on the outside', () => {
    const rule = securityGroup('t/g1', [{ ...HTTPS, remote: { addressGroup: 'a1' } }]);
    const before = [...base, rule, addressGroup('t/a1', ['198.51.100.0/24', '192.0.2.128/25'])];
    const after = [...base, rule, addressGroup('t/a1', ['198.51.100.0/25', '203.0.113.9/32'])];
    expect(difference(before, after)).toEqual([
      'opens 203.0.113.9 → t/i1 tcp 443',
      'closes 192.0.2.128/25, 198.51.100.128/25 → t/i1 tcp 443',
    ]);
  });

  it('says nothing of rules in another order, split in parts, or in another group of the same instance', () => {
    const before = [
      web('t/i1', 1, ['t/g1', 't/g2']),
      securityGroup('t/g1', [{ ...INGRESS, protocol: 'tcp', ports: '80-99' }, EGRESS]),
    ];
    const after = [
      web('t/i1', 1, ['t/g2', 't/g1']),
      securityGroup('t/g1', [
        EGRESS,
        { ...INGRESS, protocol: 'tcp', ports: '90-99', remote: { cidr: '0.0.0.0/1' } },
        { ...INGRESS, protocol: 'tcp', ports: '85-99', remote: { cidr: '128.0.0.0/1' } },
      ]),
      securityGroup('t/g2', [
        { ...INGRESS, protocol: 'tcp', ports: '80-89', remote: { cidr: '0.0.0.0/0' } },
        { ...INGRESS, protocol: 'tcp', ports: 95 },
      ]),
    ];
    expect(difference(before, after)).toEqual([]);
  });

  it('takes a new instance out of the outside without a word about that', () => {
    const open = securityGroup('t/g1', [HTTPS]);
    const before = [web('t/i1', 1, ['t/g1']), open];
    expect(difference(before, [...before, web('t/i2', 2, ['t/g2'])])).toEqual([]);
    expect(difference(before, [...before, web('t/i2', 2, ['t/g1'])])).toEqual(['opens internet → t/i2 tcp 443']);
  });

  it('holds exactly what the evaluator judges differently', () => {
    let differing = 0;
    fc.assert(
      fc.property(
        fc.array(changeArbitrary, { minLength: 8, maxLength: 30 }),
        fc.array(
          fc.oneof(
            changeArbitrary,
            groupArbitrary.map((resource) => ({ resource })),
          ),
          { minLength: 1, maxLength: 5 },
        ),
        fc.array(packetArbitrary, { minLength: 60, maxLength: 60 }),
        (first, second, seeds) => {
          const [before, after] = [modelOf(), modelOf()];
          for (const change of first) for (const model of [before, after]) apply(model, change);
          for (const change of second) apply(after, change);
          const found = compareReachability(new Reachability(before), new Reachability(after));
          for (const seed of seeds) {
            const packet = probe(after, seed);
            // What is at the ends must be the same at both moments for the packet to mean the same.
            if (packet === undefined || (packet.from !== undefined && !packet.from.portSecurity)) continue;
            const { request, from } = packet;
            if (JSON.stringify(from) !== JSON.stringify(from && before.instance(from.name))) continue;
            const [was, is] = [tracePacket(before, request), tracePacket(after, request)];
            const owner = is.destination.instance;
            if (owner !== was.destination.instance || owner === from?.name) continue;
            if (owner === undefined && !OUTSIDE_ADDRESSES.some((address) => address === is.destinationAddress))
              continue;
            if ([was, is].some(({ source }) => source.reason === 'spoofed-source')) continue;
            const [source, destination]: FlowEnd[] = [from?.name ?? OUTSIDE, owner ?? OUTSIDE];
            if (source === undefined || destination === undefined) continue;
            const has = (side: keyof ReachabilityDifference): boolean =>
              found[side].some(
                (edge) =>
                  edge.source === source &&
                  edge.destination === destination &&
                  edge.family === request.family &&
                  edge.boxes.some((box) =>
                    isInBox(
                      box,
                      addressValue(is.sourceAddress),
                      addressValue(is.destinationAddress),
                      serviceOf(request),
                    ),
                  ),
              );
            expect({ opens: has('opens'), closes: has('closes') }).toEqual({
              opens: was.verdict === 'drop' && is.verdict === 'pass',
              closes: was.verdict === 'pass' && is.verdict === 'drop',
            });
            if (was.verdict !== is.verdict) differing += 1;
          }
        },
      ),
      { numRuns: 400 },
    );
    expect(differing).toBeGreaterThan(30);
  }, 60_000);
});

function addressValue(address: string): bigint {
  return parseIpAddress(address).value;
}
