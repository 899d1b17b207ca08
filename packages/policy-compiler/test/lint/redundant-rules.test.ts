import type { Resource } from '@slash32/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareReachability, lintPolicy, Reachability } from '../../src/index.ts';
import { addressGroup, type RuleInput, securityGroup } from '../manifests.ts';
import { changeArbitrary, foundation, groupArbitrary } from '../random-fabric.ts';
import { IN, keyText, lint, modelOf, places, TCP_443 } from './lint-fixture.ts';

describe('redundant rules', () => {
  const REDUNDANT = ['lint.duplicate-rule', 'lint.shadowed-rule'] as const;
  const redundant = (...rules: RuleInput[]): readonly string[] =>
    lint(REDUNDANT, securityGroup('t/g1', rules), addressGroup('t/a1', ['10.1.0.0/24'])).map(
      ({ code, path }) => `${code.slice(5)} ${path}`,
    );

  it('finds the second of two equal ones, however they are written', () => {
    expect(redundant(TCP_443, { ...TCP_443, ports: '443-443', remote: { cidr: '0.0.0.0/0' } })).toEqual([
      'duplicate-rule spec.rules[1]',
    ]);
  });

  it('finds one that a wider one covers, wherever it stands, and names that', () => {
    const narrow: RuleInput = { ...TCP_443, remote: { cidr: '10.1.0.0/24' } };
    const [finding] = lint(REDUNDANT, securityGroup('t/g1', [narrow, { ...IN, protocol: 'tcp' }]));
    expect(finding).toMatchObject({
      code: 'lint.shadowed-rule',
      severity: 'warning',
      resource: 'SecurityGroup/t/g1',
      path: 'spec.rules[0]',
      message:
        'SecurityGroup t/g1: spec.rules[0] (ingress IPv4 tcp 443 from 10.1.0.0/24) allows nothing beyond spec.rules[1] (ingress IPv4 tcp from anybody); delete it, or narrow that',
    });
  });

  it('finds one that only several together cover, and names those that are needed', () => {
    const findings = lint(
      REDUNDANT,
      securityGroup('t/g1', [
        { ...IN, protocol: 'tcp', ports: '80-90', remote: { cidr: '10.1.0.0/24' } },
        { ...IN, protocol: 'tcp', ports: '70-85', remote: { cidr: '10.1.0.0/25' } },
        { ...IN, protocol: 'tcp', ports: '86-99', remote: { cidr: '10.1.0.0/16' } },
        { ...IN, protocol: 'tcp', ports: '75-85', remote: { cidr: '10.1.0.128/25' } },
        { ...IN, protocol: 'udp' },
      ]),
    );
    expect(places(findings)).toEqual(['SecurityGroup/t/g1 spec.rules[0]']);
    expect(findings[0]?.message).toMatch(/rules\[1\].*rules\[2\].*rules\[3\]/);
    expect(findings[0]?.message).not.toContain('rules[4]');
  });

  it('knows that members come and go', () => {
    const forGroup: RuleInput = { ...TCP_443, remote: { group: 'g2' } };
    expect(redundant(forGroup, { ...TCP_443, remote: { cidr: '10.0.0.0/8' } })).toEqual([]);
    expect(redundant(forGroup, { ...TCP_443, remote: { group: 'u/g1' } })).toEqual([]);
    expect(redundant(forGroup, TCP_443)).toEqual(['shadowed-rule spec.rules[0]']);
    expect(redundant(forGroup, { ...IN, protocol: 'tcp', remote: { group: 't/g2' } })).toEqual([
      'shadowed-rule spec.rules[0]',
    ]);
  });

  it('looks into address groups, and keeps directions, families and protocols apart', () => {
    expect(
      redundant({ ...TCP_443, remote: { cidr: '10.1.0.7/32' } }, { ...TCP_443, remote: { addressGroup: 'a1' } }),
    ).toEqual(['shadowed-rule spec.rules[0]']);
    expect(
      redundant(
        TCP_443,
        { ...TCP_443, direction: 'egress' },
        { ...TCP_443, ethertype: 'IPv6' },
        { ...TCP_443, protocol: 'udp' },
      ),
    ).toEqual([]);
    expect(
      redundant(
        { ...IN, protocol: 'icmp', icmp: { type: 8, code: 0 } },
        { ...IN, protocol: 'icmp', icmp: { type: 8 } },
      ),
    ).toEqual(['shadowed-rule spec.rules[0]']);
  });

  it('can be deleted all at once, and nothing changes', () => {
    let deleted = 0;
    fc.assert(
      fc.property(
        fc.array(changeArbitrary, { minLength: 5, maxLength: 20 }),
        fc.array(groupArbitrary, { minLength: 1, maxLength: 4 }),
        (changes, groups) => {
          const resources = new Map<string, Resource>();
          const put = (resource: Resource): unknown => resources.set(keyText(resource), resource);
          for (const resource of foundation()) put(resource);
          for (const { resource } of changes) if (resource !== undefined) put(resource);
          for (const group of groups) put(group);
          const model = modelOf(resources.values());
          const before = new Reachability(model);
          const useless = lintPolicy(model, [...resources.values()]).filter(({ code }) =>
            REDUNDANT.some((some) => some === code),
          );
          for (const group of [...resources.values()]) {
            if (group.kind !== 'SecurityGroup') continue;
            const { namespace, name } = group.metadata;
            const rules = group.spec.rules.filter(
              (_, index) =>
                !useless.some(
                  ({ resource, path }) =>
                    resource === `SecurityGroup/${namespace}/${name}` && path === `spec.rules[${index}]`,
                ),
            );
            deleted += group.spec.rules.length - rules.length;
            model.put({ ...group, spec: { ...group.spec, rules } });
          }
          expect(compareReachability(before, new Reachability(model))).toEqual({ opens: [], closes: [] });
        },
      ),
      { numRuns: 150 },
    );
    expect(deleted).toBeGreaterThan(20);
  }, 60_000);
});
