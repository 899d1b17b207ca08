import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LINT_CHECKS, lintPolicy, MANAGEMENT_PORTS } from '../../src/index.ts';
import { addressGroup, type RuleInput, securityGroup } from '../manifests.ts';
import { apply, changeArbitrary, foundation } from '../random-fabric.ts';
import { IN, keyText, lint, modelOf, OUT, places, TCP_443, vm } from './lint-fixture.ts';

describe('rules open to everybody', () => {
  const open = (...rules: RuleInput[]): readonly string[] =>
    lint(['lint.open-management-port', 'lint.allow-all-ingress'], securityGroup('t/g1', rules)).map(
      ({ code, path, message }) =>
        `${code.slice(5)} ${path} ${/opens (.*?)(?: to everybody|;)/.exec(message)?.[1] ?? ''}`,
    );

  it.each(MANAGEMENT_PORTS)('$service on $port is not for the world', ({ protocol, port, service }) => {
    const [finding] = open({ ...IN, protocol, ports: port });
    expect(finding).toContain(
      `open-management-port spec.rules[0] ${service} (${protocol === 6 ? 'tcp' : 'udp'} ${port})`,
    );
  });

  it('tells all ports of a range, both families, and halves of the world', () => {
    expect(open({ ...IN, protocol: 'tcp', ports: '20-25' })).toEqual([
      'open-management-port spec.rules[0] SSH (tcp 22), Telnet (tcp 23)',
    ]);
    expect(
      open({ direction: 'ingress', ethertype: 'IPv6', protocol: 'tcp', ports: 22, remote: { cidr: '2000::/3' } }),
    ).toHaveLength(1);
    expect(open({ ...IN, protocol: 'tcp', ports: 22, remote: { cidr: '128.0.0.0/1' } })).toHaveLength(1);
  });

  it('tells everything once, not port by port', () => {
    expect(open(IN)).toEqual(['allow-all-ingress spec.rules[0] ']);
  });

  it('has nothing against web servers, egress, or those who are named', () => {
    expect(
      open(
        { ...IN, protocol: 'tcp', ports: 443 },
        { ...OUT, protocol: 'tcp', ports: 22 },
        { ...IN, protocol: 'tcp', ports: 22, remote: { cidr: '198.51.100.0/24' } },
        { ...IN, protocol: 'tcp', ports: 22, remote: { group: 'g2' } },
        { ...IN, protocol: 'icmp' },
      ),
    ).toEqual([]);
  });
});

describe('groups', () => {
  it('that nobody is in and no rule means', () => {
    const findings = lint(
      ['lint.group-without-members'],
      vm('t/i1', 1, { securityGroups: ['g1'] }),
      securityGroup('t/g1', [{ ...TCP_443, remote: { group: 'g2' } }]),
    );
    expect(places(findings)).toEqual(['SecurityGroup/t/s1', 'SecurityGroup/t/s2', 'SecurityGroup/u/g1']);
  });

  it('that rules refer to but that are empty, of that family', () => {
    const rules: RuleInput[] = [
      { ...TCP_443, remote: { group: 'g2' } },
      { ...TCP_443, ethertype: 'IPv6', remote: { group: 'g1' } },
      { ...TCP_443, remote: { group: 'g1' } },
      { ...TCP_443, remote: { addressGroup: 'a1' } },
      { ...TCP_443, remote: { group: 'missing' } },
    ];
    const findings = lint(
      ['lint.remote-without-members'],
      vm('t/i1', 1, { securityGroups: ['g1'] }),
      securityGroup('t/g1', rules),
      addressGroup('t/a1', ['2001:db8::/32']),
    );
    expect(places(findings)).toEqual([
      'SecurityGroup/t/g1 spec.rules[0].remote.group',
      'SecurityGroup/t/g1 spec.rules[1].remote.group',
      'SecurityGroup/t/g1 spec.rules[3].remote.addressGroup',
    ]);
  });

  it('of addresses that no rule refers to', () => {
    const findings = lint(
      ['lint.unused-address-group'],
      addressGroup('t/a1', []),
      addressGroup('u/a1', []),
      securityGroup('t/g1', [{ ...TCP_443, remote: { addressGroup: 'u/a1' } }]),
    );
    expect(places(findings)).toEqual(['AddressGroup/t/a1']);
  });
});

describe('rules without effect', () => {
  it('name a far end that no member can reach', () => {
    const outside: RuleInput = { ...OUT, remote: { cidr: '198.51.100.0/24' } };
    const group = securityGroup('t/g1', [outside, { ...OUT, remote: { cidr: '10.9.0.0/16' } }, OUT]);
    const inside = vm('t/i1', 1, { network: 'private', addresses: ['10.3.0.1'], securityGroups: ['g1'] });
    expect(places(lint(['lint.remote-out-of-reach'], inside, group))).toEqual([
      'SecurityGroup/t/g1 spec.rules[0].remote',
    ]);
    const both = vm('t/i2', 2, { securityGroups: ['g1'] });
    expect(lint(['lint.remote-out-of-reach'], inside, both, group)).toEqual([]);
    expect(lint(['lint.remote-out-of-reach'], group)).toEqual([]);
  });

  it('let no replies back, where nothing remembers flows', () => {
    const stateless = (...rules: RuleInput[]): readonly string[] =>
      lint(['lint.stateless-without-reply'], securityGroup('t/s1', rules, false)).map(({ path }) => path ?? '');
    const back: RuleInput = { ...OUT, protocol: 'tcp', ports: '1024-65535' };
    expect(stateless(TCP_443)).toEqual(['spec.rules[0]']);
    expect(stateless(TCP_443, back)).toEqual([]);
    expect(stateless(TCP_443, { ...back, ports: '40000-50000' })).toContain('spec.rules[0]');
    expect(stateless(TCP_443, { ...back, remote: { cidr: '10.0.0.0/8' } })).toContain('spec.rules[0]');
    expect(
      stateless({ ...TCP_443, remote: { cidr: '10.1.0.0/16' } }, { ...back, remote: { cidr: '10.0.0.0/8' } }),
    ).toEqual([]);
    expect(stateless({ ...IN, protocol: 'icmp' }, { ...OUT, protocol: 'icmp', icmp: { type: 0 } })).toEqual([]);
    expect(stateless({ ...IN, protocol: 'icmp' }, { ...OUT, protocol: 'icmp', icmp: { type: 3 } })).toEqual([
      'spec.rules[0]',
    ]);
    expect(lint(['lint.stateless-without-reply'], securityGroup('t/g1', [TCP_443]))).toEqual([]);
  });

  it('may have their replies in another group of the members', () => {
    const request = securityGroup('t/s1', [TCP_443], false);
    const reply = securityGroup('t/s2', [{ ...OUT, protocol: 'tcp', ports: '1024-65535' }], false);
    const both = vm('t/i1', 1, { securityGroups: ['s1', 's2'] });
    expect(lint(['lint.stateless-without-reply'], both, request, reply)).toEqual([]);
    const one = vm('t/i2', 2, { securityGroups: ['s1'] });
    expect(places(lint(['lint.stateless-without-reply'], both, one, request, reply))).toEqual([
      'SecurityGroup/t/s1 spec.rules[0]',
    ]);
  });
});

describe('allowed address pairs', () => {
  it('that are too wide, hold others, or are needless', () => {
    const findings = lint(
      ['lint.pair-exceeds-pools', 'lint.pair-covers-instances', 'lint.redundant-pair'],
      vm('t/i1', 1, {
        allowedAddressPairs: [
          { cidr: '10.1.0.0/24' },
          { cidr: '10.1.0.77/32' },
          { cidr: '10.0.0.0/15', mac: '52:54:00:00:00:99' },
          { cidr: '203.0.113.9/32' },
        ],
      }),
      vm('t/i2', 2),
    );
    expect(findings.map(({ code, path }) => `${code.slice(5)} ${path}`)).toEqual([
      'pair-covers-instances spec.allowedAddressPairs[0]',
      'redundant-pair spec.allowedAddressPairs[1]',
      'pair-covers-instances spec.allowedAddressPairs[2]',
      'pair-exceeds-pools spec.allowedAddressPairs[2]',
      'pair-exceeds-pools spec.allowedAddressPairs[3]',
    ]);
    expect(findings.map(({ message }) => message)).toEqual([
      'Instance t/i1: spec.allowedAddressPairs[0] (10.1.0.0/24) lets it send as t/i2; write the addresses it really uses',
      'Instance t/i1: spec.allowedAddressPairs[1] (10.1.0.77/32) is inside spec.allowedAddressPairs[0] (10.1.0.0/24); delete it',
      'Instance t/i1: spec.allowedAddressPairs[2] (10.0.0.0/15) lets it send as t/i2; write the addresses it really uses',
      'Instance t/i1: spec.allowedAddressPairs[2] (10.0.0.0/15) reaches beyond the pools of Network public by 10.0.0.0/16, so it may send as somebody else; write the addresses it really uses',
      'Instance t/i1: spec.allowedAddressPairs[3] (203.0.113.9/32) is outside the pools of Network public, so it may send as somebody else; write the addresses it really uses',
    ]);
  });
});

it('finds with the severity that its table says, and never fails on anything', () => {
  fc.assert(
    fc.property(fc.array(changeArbitrary, { minLength: 5, maxLength: 30 }), (changes) => {
      const model = modelOf(foundation());
      const resources = new Map(foundation().map((some) => [keyText(some), some]));
      for (const change of changes.filter(({ resource }) => resource !== undefined)) {
        apply(model, change);
        if (change.resource !== undefined) resources.set(keyText(change.resource), change.resource);
      }
      for (const { code, severity, message } of lintPolicy(model, [...resources.values()])) {
        expect(severity).toBe(LINT_CHECKS[code].severity);
        expect(message).toMatch(/^(SecurityGroup|Instance|AddressGroup) [a-z0-9]+\/[a-z0-9]+: /);
      }
    }),
    { numRuns: 100 },
  );
});
