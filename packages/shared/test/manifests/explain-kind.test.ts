import { describe, expect, test } from 'vitest';
import { explainKind, jsonSchemaOf, RESOURCE_KINDS } from '../../src/index.ts';

test('a field has its type, default, description and fields', () => {
  const explanation = explainKind('SecurityGroup', 'spec.rules');
  expect(explanation).toMatchObject({ path: 'spec.rules', type: 'list of object', required: false, default: [] });
  expect(explanation.fields.find((field) => field.path === 'spec.rules[].direction')).toEqual({
    path: 'spec.rules[].direction',
    type: 'ingress | egress',
    required: true,
    fields: [],
  });
  expect(explainKind('SecurityGroup', 'spec.rules[].remote.cidr')).toMatchObject({ type: 'string', required: false });
  expect(explainKind('SecurityGroup', 'spec.rules[3].ports')).toMatchObject({
    description: 'destination ports; needs tcp, udp, sctp, dccp or udplite',
  });
  expect(explainKind('Instance', 'metadata.creationTimestamp')).toMatchObject({
    type: 'string',
    required: false,
    description: expect.stringContaining('the older keeps it'),
  });
  expect(explainKind('BGPPeer', 'spec.bfd')).toMatchObject({ type: 'boolean | object', required: false });
  expect(explainKind('BGPPeer', 'spec.bfd.minTxMs')).toMatchObject({
    type: 'integer',
    default: 100,
    description: 'least milliseconds between packets we send',
  });
  expect(explainKind('Host', 'metadata.labels')).toMatchObject({ type: 'map of string', default: {} });
});

test.each([
  ['spec.adress', 'Host.spec has no field "adress"; did you mean address?'],
  [
    'spec.zzz',
    'Host.spec has no field "zzz"; known there: address, address6, asNumber, routerId, clusterId, masqueradeAddress, blocks',
  ],
  ['spec.address.x', 'Host.spec.address has no field "x"; Host.spec.address is string and has no fields'],
  ['sepc', 'Host has no field "sepc"; did you mean spec?'],
])('%s is unknown', (path, message) => {
  expect(() => explainKind('Host', path)).toThrow(expect.objectContaining({ code: 'explain.unknown-field', message }));
});

describe.each(RESOURCE_KINDS)('JSON Schema of %s', (kind) => {
  test('is closed and knows its kind', () => {
    expect(jsonSchemaOf(kind)).toMatchObject({
      title: kind,
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      additionalProperties: false,
      properties: {
        metadata: { properties: { creationTimestamp: { type: 'string', format: 'date-time' } } },
        kind: { const: kind },
        spec: { type: 'object', additionalProperties: false },
      },
    });
  });
});
