import { resolve } from 'node:path';
import { hasErrorCode } from '@slash32/shared';
import { describe, expect, test } from 'vitest';
import { loadTopology, parseTopology } from './topology.ts';

const FILE = '/lab/small.clab.yml';

function parse(body: string): ReturnType<typeof parseTopology> {
  return parseTopology(`name: small\ntopology:\n${body}`, FILE);
}

function faultOf(body: string): string {
  try {
    parse(body);
  } catch (error) {
    if (hasErrorCode(error, 'topology.invalid')) return error.message;
    throw error;
  }
  return '';
}

describe('containerlab topologies', () => {
  test('settings of defaults, kind, group and node are joined, the node’s own winning', () => {
    const { nodes } = parse(`
  defaults: { kind: linux, env: { A: 1, B: 1 } }
  kinds: { linux: { image: 'debian:12', exec: [first] } }
  groups: { rack: { binds: ['a:/etc/a:ro'], env: { B: 2 } } }
  nodes:
    one: { group: rack, exec: [second], binds: ['/b:/run/b'], env: { C: 3 } }
    two:
`);
    expect(nodes).toEqual([
      {
        name: 'one',
        kind: 'linux',
        image: 'debian:12',
        exec: ['first', 'second'],
        binds: [
          { hostPath: '/lab/a', containerPath: '/etc/a', readOnly: true },
          { hostPath: '/b', containerPath: '/run/b', readOnly: false },
        ],
        env: { A: '1', B: '2', C: '3' },
        labels: {},
      },
      {
        name: 'two',
        kind: 'linux',
        image: 'debian:12',
        exec: ['first'],
        binds: [],
        env: { A: '1', B: '1' },
        labels: {},
      },
    ]);
  });

  test('links are read in the brief and in the full form', () => {
    const { links } = parse(`
  defaults: { kind: linux, image: debian }
  nodes: { a: , b: }
  links:
    - endpoints: ["a:eth1", "b:eth1"]
    - { type: veth, endpoints: [{ node: a, interface: tapx }, { node: b, interface: eth0, mac: "52:54:00:00:00:01" }] }
`);
    expect(links).toEqual([
      [
        { node: 'a', interface: 'eth1' },
        { node: 'b', interface: 'eth1' },
      ],
      [
        { node: 'a', interface: 'tapx' },
        { node: 'b', interface: 'eth0', mac: '52:54:00:00:00:01' },
      ],
    ]);
  });

  test('an image’s own settings are not needed twice, but one is needed', () => {
    expect(faultOf('  nodes: { a: { kind: linux } }')).toContain('topology.nodes.a: needs an image');
    expect(faultOf('  nodes: { a: { image: debian } }')).toContain('topology.nodes.a: needs a kind');
  });

  test('faults name the place', () => {
    const nodes = '  defaults: { kind: linux, image: debian }\n  nodes: { a: , b: }\n';
    expect(faultOf(`${nodes}  links: [{ endpoints: ["a:eth1", "c:eth1"] }]`)).toContain('there is no node c');
    expect(faultOf(`${nodes}  links: [{ endpoints: ["a:eth1", "a:eth1"] }]`)).toContain('a:eth1 stands twice');
    expect(faultOf('  nodes: { a: { kind: linux, image: debian, bind: [x] } }')).toContain('topology.nodes.a');
    expect(faultOf('  nodes: { a: { kind: linux, image: debian, binds: ["x"] } }')).toContain('bind "x"');
  });

  test('the two-racks topology loads', async () => {
    const topology = await loadTopology(resolve(import.meta.dirname, '../topologies/two-racks.clab.yml'));
    expect(topology.nodes.map(({ name }) => name)).toEqual([
      'w',
      'tor-a',
      'tor-b',
      'compute-a1',
      'compute-a2',
      'compute-b1',
      'pub',
      'def',
      'prv',
    ]);
  });
});
