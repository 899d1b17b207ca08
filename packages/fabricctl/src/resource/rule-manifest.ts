import { manifestOf, type SecurityGroupRule } from '@slash32/shared';
import { stringify } from 'yaml';

/** A rule as one line of YAML, as it stands in a manifest. */
export function ruleManifest(rule: SecurityGroupRule): string {
  const manifest = manifestOf({
    apiVersion: 'slash32.dev/v1',
    kind: 'SecurityGroup',
    metadata: { name: 'rule', namespace: 'default', labels: {} },
    spec: { stateful: true, rules: [rule] },
  }) as { readonly spec: { readonly rules: readonly [unknown] } };
  return stringify(manifest.spec.rules[0], { collectionStyle: 'flow', lineWidth: 0 }).trim();
}
