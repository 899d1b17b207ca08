/**
 * The seven screens: what must pass after each step, written by hand from the requirements and never computed by the
 * product. Whatever is not listed must be dropped.
 */
import { resolve } from 'node:path';
import type { FlowAttempt, Party, Passage } from './party.ts';

export const TWO_RACKS = resolve(import.meta.dirname, '../topologies/two-racks.clab.yml');
const MANIFESTS = resolve(import.meta.dirname, '../../examples/seven-screens');

export type InstanceName = 'pub' | 'def' | 'prv';

const pub: Party = { name: 'pub', node: 'pub', address: '203.0.113.10' };
const def: Party = { name: 'def', node: 'def', address: '10.70.0.10' };
const prv: Party = { name: 'prv', node: 'prv', address: '10.80.0.10' };
const w: Party = { name: 'W', node: 'w', address: '198.51.100.10' };
const one: Party = { name: '1.1.1.1', node: 'w', address: '1.1.1.1' };
const eight: Party = { name: '8.8.8.8', node: 'w', address: '8.8.8.8' };

export const INTERNET_ADDRESSES: readonly string[] = [w.address, one.address, eight.address];
export const PARTIES: readonly Party[] = [pub, def, prv, w, one, eight];
export const TCP_PORTS: readonly number[] = [22, 80, 81, 443, 3333, 4545];
export const UDP_PORTS: readonly number[] = [53];

/** Where the topology file and the manifests put the instances. */
export const DEFAULT_PLACEMENT: Readonly<Record<InstanceName, string>> = {
  pub: 'compute-a1',
  def: 'compute-b1',
  prv: 'compute-a1',
};

/** The public address of each compute host, as the hosts' manifests have it. */
const HOST_ADDRESSES: Readonly<Record<string, string>> = {
  'compute-a1': '192.0.2.11',
  'compute-a2': '192.0.2.12',
  'compute-b1': '192.0.2.21',
};

export interface Screen {
  readonly number: string;
  /** What the operator does. */
  readonly title: string;
  readonly manifest: string;
  /** Instances whose groups change. */
  readonly changes: readonly InstanceName[];
  /** What passes from this step on, besides what passed before. */
  readonly newlyPasses: readonly Passage[];
}

/** `defHost`: the host that `def` is on, which is what translated traffic of `def` looks like. */
export function sevenScreens(defHost: string): readonly Screen[] {
  const file = (name: string): string => resolve(MANIFESTS, name);
  const passage = (from: Party, to: Party, ports: Passage['ports'], seenAs = from.address): Passage => {
    return { from, to, ports, seenAs };
  };
  return [
    {
      number: '1',
      title: 'no rules: nothing passes',
      manifest: file('01-nothing.yaml'),
      changes: ['pub', 'def', 'prv'],
      newlyPasses: [],
    },
    {
      number: '2',
      title: 'pub: egress to any IPv4 address',
      manifest: file('02-pub-may-leave.yaml'),
      changes: ['pub'],
      newlyPasses: [passage(pub, w, 'any'), passage(pub, one, 'any'), passage(pub, eight, 'any')],
    },
    {
      number: '3',
      title: 'pub: ingress tcp 443 from 0.0.0.0/0',
      manifest: file('03-https-to-pub.yaml'),
      changes: ['pub'],
      newlyPasses: [passage(w, pub, [443]), passage(one, pub, [443]), passage(eight, pub, [443])],
    },
    {
      number: '4',
      title: 'def: ingress tcp 80 from pub',
      manifest: file('04-http-from-pub-to-def.yaml'),
      changes: ['def'],
      newlyPasses: [passage(pub, def, [80])],
    },
    {
      number: '5a',
      title: 'pub: ingress tcp 3333 from def (one end is not enough)',
      manifest: file('05a-one-end-is-not-enough.yaml'),
      changes: ['pub'],
      newlyPasses: [],
    },
    {
      number: '5b',
      title: 'def: egress tcp 3333 to pub',
      manifest: file('05b-the-other-end.yaml'),
      changes: ['def'],
      newlyPasses: [passage(def, pub, [3333])],
    },
    {
      number: '6',
      title: 'def: ingress tcp 4545 from prv; prv: egress to any IPv4 address (its network keeps it inside)',
      manifest: file('06-prv-stays-inside.yaml'),
      changes: ['def', 'prv'],
      newlyPasses: [passage(prv, def, [4545]), passage(prv, pub, [443])],
    },
    {
      number: '7',
      title: 'def: egress tcp 443 to 1.1.1.1 (leaves as its compute host)',
      manifest: file('07-def-leaves-translated.yaml'),
      changes: ['def'],
      newlyPasses: [passage(def, one, [443], HOST_ADDRESSES[defHost] ?? '')],
    },
  ];
}

/** Every port between every ordered pair that has an instance at one end. */
export function allAttempts(): readonly FlowAttempt[] {
  const pairs = PARTIES.flatMap((from) => PARTIES.filter((to) => to.node !== from.node).map((to) => ({ from, to })));
  return pairs.flatMap((pair) => [
    ...TCP_PORTS.map((port): FlowAttempt => ({ ...pair, transport: 'tcp', port })),
    ...UDP_PORTS.map((port): FlowAttempt => ({ ...pair, transport: 'udp', port })),
  ]);
}
