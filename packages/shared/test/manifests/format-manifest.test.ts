import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { putDocument, removeDocument } from '../../src/datastore/dir/edit-manifest-text.ts';
import {
  formatManifest,
  keyOf,
  manifestOf,
  parseManifests,
  type Resource,
  securityGroupSchema,
} from '../../src/index.ts';
import { anyResource } from '../support/resource-arbitraries.ts';

function parseOne(text: string): Resource {
  const { manifests, problems } = parseManifests({ file: 'f.yaml', text });
  expect(problems).toEqual([]);
  expect(manifests).toHaveLength(1);
  const [manifest] = manifests;
  if (manifest === undefined) throw new Error('no manifest');
  return manifest.resource;
}

const group = securityGroupSchema.parse({
  kind: 'SecurityGroup',
  spec: {
    rules: [
      { ports: 443, ethertype: 'IPv4', direction: 'ingress', protocol: 6, remote: { cidr: '10.1.2.3/8' } },
      { ports: '8000-8080', ethertype: 'IPv6', direction: 'egress', protocol: 'UDP' },
      { ethertype: 'IPv4', direction: 'egress', protocol: 250 },
    ],
  },
  metadata: { namespace: 'tenant-a', name: 'web' },
  apiVersion: 'slash32.dev/v1',
});

test('fields in the order of the schema, protocols by name, ports as written, defaults left out', () => {
  expect(formatManifest(group)).toBe(`apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata:
  name: web
  namespace: tenant-a
spec:
  rules:
    - direction: ingress
      ethertype: IPv4
      protocol: tcp
      ports: 443
      remote:
        cidr: 10.0.0.0/8
    - direction: egress
      ethertype: IPv6
      protocol: udp
      ports: 8000-8080
    - direction: egress
      ethertype: IPv4
      protocol: 250
`);
});

test('defaults are written on request', () => {
  expect(manifestOf(group, { defaults: 'keep' })).toMatchObject({ metadata: { labels: {} }, spec: { stateful: true } });
});

describe('properties', () => {
  test('parse(format(x)) = x, with and without defaults', () => {
    fc.assert(
      fc.property(anyResource, (resource) => {
        expect(parseOne(formatManifest(resource))).toEqual(resource);
        expect(parseOne(formatManifest(resource, { defaults: 'keep' }))).toEqual(resource);
        expect(parseOne(JSON.stringify(manifestOf(resource)))).toEqual(resource);
      }),
      { numRuns: 300 },
    );
  });

  test('editing a document into another version gives that version, and leaves its neighbours alone', () => {
    const before = '# before\nnot: ours\n';
    const after = '---\n# after\n- not\n- ours\n';
    fc.assert(
      fc.property(anyResource, anyResource, (first, second) => {
        const moved = { ...second, metadata: { ...second.metadata, ...nameOf(first) } } as Resource;
        const target = first.kind === second.kind ? moved : first;
        const text = `${before}---\n# about it\n${formatManifest(first)}${after}`;
        const edited = putDocument(text, target);
        expect(edited.startsWith(`${before}---\n# about it\n`)).toBe(true);
        expect(edited.endsWith(after)).toBe(true);
        expect(parseOne(edited.slice(before.length, edited.length - after.length))).toEqual(target);
        expect(putDocument(edited, target)).toBe(edited);
        expect(removeDocument(edited, keyOf(target))).toBe(`${before}${after}`);
      }),
      { numRuns: 300 },
    );
  });
});

function nameOf(resource: Resource): { readonly name: string; readonly namespace?: string } {
  const { name } = resource.metadata;
  return 'namespace' in resource.metadata ? { name, namespace: resource.metadata.namespace } : { name };
}

test('what is written by hand stays as it was where it says the same', () => {
  const text = `apiVersion: slash32.dev/v1
kind: SecurityGroup
metadata: { name: "web", namespace: 'tenant-a' } # quotes of both kinds
spec:
  stateful: true # said although it is the default

  rules:
    # the web
    - { direction: ingress, ethertype: IPv4, protocol: tcp, ports: "443" }
    # the rest
    - { direction: egress, ethertype: IPv4 }
`;
  const resource = parseOne(text);
  if (resource.kind !== 'SecurityGroup') throw new Error('not a group');
  const [web] = resource.spec.rules;
  if (web === undefined) throw new Error('no rule');
  const edited = putDocument(text, { ...resource, spec: { ...resource.spec, rules: [web] } });
  expect(edited).toBe(text.split('\n').slice(0, 9).concat('').join('\n').replace('"443"', '443'));
});
