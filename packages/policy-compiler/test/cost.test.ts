import type { NftChange } from '@slash32/shared';
import { describe, expect, test } from 'vitest';
import { FabricModel, HostPolicyCompiler } from '../src/index.ts';
import { addressGroup, host, instance, network, type RuleInput, securityGroup } from './manifests.ts';

const RULES: RuleInput[] = [
  { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 80, remote: { group: 'db' } },
  { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 22, remote: { addressGroup: 'office' } },
  { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 443, remote: { cidr: '198.51.100.0/24' } },
  { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 8443, remote: { cidr: '198.51.100.0/24' } },
];

/** A member of `t/db` on another host. */
function member(number: number, pairs: readonly string[] = []): ReturnType<typeof instance> {
  return instance(`t/db-${number}`, {
    host: 'h2',
    interface: `tap${number}`,
    mac: `52:54:00:01:${hexByte(number >> 8)}:${hexByte(number)}`,
    network: 'net',
    addresses: [`10.1.${number >> 8}.${number & 255}`],
    securityGroups: ['db'],
    allowedAddressPairs: pairs.map((cidr) => ({ cidr })),
  });
}

function hexByte(number: number): string {
  return (number & 255).toString(16).padStart(2, '0');
}

function setUp(members: number, rules = RULES): { model: FabricModel; flush: () => readonly NftChange[] } {
  const model = new FabricModel();
  for (const name of ['h1', 'h2']) model.put(host(name, { address: name === 'h1' ? '192.0.2.1' : '192.0.2.2' }));
  model.put(network('net', { pools: [{ cidr: '10.0.0.0/8', gateway: '10.255.0.1' }] }));
  model.put(securityGroup('t/web', rules));
  model.put(securityGroup('t/db', []));
  model.put(addressGroup('t/office', ['203.0.113.0/24']));
  model.put(
    instance('t/web-1', {
      host: 'h1',
      interface: 'tapweb',
      mac: '52:54:00:00:00:01',
      network: 'net',
      addresses: ['10.0.0.10'],
      securityGroups: ['web'],
    }),
  );
  for (let number = 1; number <= members; number += 1) model.put(member(number));
  const compiler = new HostPolicyCompiler(model, 'h1');
  compiler.reconcile(new Map());
  return { model, flush: () => compiler.flush().changes };
}

const table = 'inet slash32';

/** Without the steps that move the generation. */
function policySteps(changes: readonly NftChange[]): readonly NftChange[] {
  return changes.filter(
    (change) => !(change.op === 'set-rules' && /^(forward|source-judged|.*-passes)$/.test(change.chain)),
  );
}

/** What the step is about. */
function nameIn(change: NftChange): string {
  switch (change.op) {
    case 'add-set':
      return change.set.name;
    case 'add-elements':
    case 'delete-elements':
      return change.set;
    case 'set-rules':
      return change.chain;
    case 'add-chain':
      return change.chain.name;
    case 'delete-set':
    case 'delete-chain':
      return change.name;
    case 'add-table':
    case 'delete-table':
      return change.table;
  }
}

describe('cost follows the change', () => {
  test('a member that comes to a group of thousands is one element, and so is one that goes', () => {
    const { model, flush } = setUp(5000);
    model.put(member(5001));
    expect(flush()).toEqual([
      { op: 'add-elements', table, set: 'members4/t/db', elements: new Map([['10.1.19.137', '']]) },
    ]);
    model.delete('Instance/t/db-5001');
    expect(policySteps(flush())).toEqual([
      { op: 'delete-elements', table, set: 'members4/t/db', keys: ['10.1.19.137'] },
    ]);
    model.put(member(5000, ['10.9.0.7/32']));
    expect(flush()).toEqual([
      { op: 'add-elements', table, set: 'members4/t/db', elements: new Map([['10.9.0.7', '']]) },
    ]);
  });

  test('the set of members’ prefixes is there while there are any', () => {
    const { model, flush } = setUp(2);
    const set = 'member-prefixes4/t/db';
    const steps = (): string[] => policySteps(flush()).map((change) => `${change.op} ${nameIn(change)}`);
    model.put(member(1, ['10.9.0.0/24']));
    expect(steps()).toEqual([`add-set ${set}`, `add-elements ${set}`, 'set-rules ingress/t/web']);
    model.put(member(2, ['10.8.0.0/24']));
    expect(flush()).toEqual([{ op: 'add-elements', table, set, elements: new Map([['0-255 . 10.8.0.0/24', '']]) }]);
    model.put(member(1));
    expect(policySteps(flush())).toEqual([{ op: 'delete-elements', table, set, keys: ['0-255 . 10.9.0.0/24'] }]);
    model.put(member(2));
    expect(steps()).toEqual(['set-rules ingress/t/web', `delete-set ${set}`]);
  });

  test('an address that two members have stays until both are gone', () => {
    const { model, flush } = setUp(1);
    model.put(member(2, ['10.9.0.7/32']));
    model.put(member(3, ['10.9.0.7/32']));
    flush();
    model.delete('Instance/t/db-2');
    expect(policySteps(flush())).toEqual([{ op: 'delete-elements', table, set: 'members4/t/db', keys: ['10.1.0.2'] }]);
    model.delete('Instance/t/db-3');
    expect(policySteps(flush())).toEqual([
      { op: 'delete-elements', table, set: 'members4/t/db', keys: ['10.9.0.7', '10.1.0.3'].sort() },
    ]);
  });

  test('a rule of a known kind is one element; so is a prefix of an address group', () => {
    const { model, flush } = setUp(1);
    const rule: RuleInput = {
      direction: 'ingress',
      ethertype: 'IPv4',
      protocol: 'tcp',
      ports: '53-60',
      remote: { cidr: '10.0.0.0/8' },
    };
    model.put(securityGroup('t/web', [...RULES, rule]));
    expect(flush()).toEqual([
      { op: 'add-elements', table, set: 'ingress4/t/web/tcp', elements: new Map([['53-60 . 10.0.0.0/8', '']]) },
    ]);
    model.put(securityGroup('t/web', RULES));
    expect(policySteps(flush())).toEqual([
      { op: 'delete-elements', table, set: 'ingress4/t/web/tcp', keys: ['53-60 . 10.0.0.0/8'] },
    ]);
    model.put(addressGroup('t/office', ['203.0.113.0/24', '203.0.113.7/32', '198.51.100.7/32']));
    expect(flush()).toEqual([
      { op: 'add-elements', table, set: 'address-group4/t/office', elements: new Map([['0-255 . 198.51.100.7', '']]) },
    ]);
  });

  test('what does not concern this host sends nothing', () => {
    const { model, flush } = setUp(1);
    model.put(securityGroup('u/other', RULES));
    model.put(addressGroup('u/office', ['10.0.0.0/8']));
    model.put(
      instance('u/x', {
        host: 'h2',
        interface: 'tapx',
        mac: '52:54:00:02:00:01',
        network: 'net',
        addresses: ['10.2.0.1'],
        securityGroups: ['other'],
      }),
    );
    model.put(securityGroup('t/db', RULES));
    expect(flush()).toEqual([]);
  });

  test('an endpoint more is elements only', () => {
    const { model, flush } = setUp(1);
    model.put(
      instance('t/web-2', {
        host: 'h1',
        interface: 'tapweb2',
        mac: '52:54:00:00:00:02',
        network: 'net',
        addresses: ['10.0.0.11'],
        securityGroups: ['web'],
      }),
    );
    const changes = flush();
    expect(new Set(changes.map((change) => change.op))).toEqual(new Set(['add-elements']));
    expect(changes.length).toBeLessThan(12);
  });
});

describe('with more remote groups than have lookups of their own', () => {
  const others = Array.from({ length: 20 }, (_, index): RuleInput[] => [
    { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 5432, remote: { group: `other-${index}` } },
  ]).flat();
  const set = 'ingress4/t/web/groups/tcp';

  test('a member more is one element per service, and keeps the generation', () => {
    const { model, flush } = setUp(10, [...RULES, ...others]);
    model.put(member(11));
    expect(flush()).toEqual([{ op: 'add-elements', table, set, elements: new Map([['80 . 10.1.0.11', '']]) }]);
  });

  test('a member less takes its elements, but for what it may do as a member of another group', () => {
    const { model, flush } = setUp(10, [
      ...RULES,
      ...others,
      { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 5433, remote: { group: 'db' } },
      { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', ports: 5433, remote: { group: 'other-1' } },
    ]);
    model.put(securityGroup('t/other-1', []));
    flush();
    model.put(
      instance('t/db-3', {
        host: 'h2',
        interface: 'tap3',
        mac: '52:54:00:01:00:03',
        network: 'net',
        addresses: ['10.1.0.3'],
        securityGroups: ['other-1'],
      }),
    );
    expect(policySteps(flush())).toEqual([
      { op: 'delete-elements', table, set, keys: ['80 . 10.1.0.3'] },
      { op: 'add-elements', table, set, elements: new Map([['5432 . 10.1.0.3', '']]) },
    ]);
  });
});
