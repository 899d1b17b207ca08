import { readFile } from 'node:fs/promises';
import { parseAllDocuments, stringify } from 'yaml';
import type { LinkEndpoint, Topology } from '../harness/topology.ts';

/** The topology with the taps of instances on other hosts. */
export function placeInstances(topology: Topology, placement: Readonly<Record<string, string>>): Topology {
  const links = topology.links.map(([a, b]): readonly [LinkEndpoint, LinkEndpoint] => {
    const host = placement[b.node];
    return host === undefined ? [a, b] : [{ ...a, node: host }, b];
  });
  return { ...topology, links };
}

/** The topology without some nodes and their links. */
export function withoutNodes(topology: Topology, names: readonly string[]): Topology {
  const gone = new Set(names);
  return {
    ...topology,
    nodes: topology.nodes.filter((node) => !gone.has(node.name)),
    links: topology.links.filter(([a, b]) => !gone.has(a.node) && !gone.has(b.node)),
  };
}

/** Manifests, as YAML text, with `spec.host` of the instances changed alike. */
export async function placedManifest(file: string, placement: Readonly<Record<string, string>>): Promise<string> {
  const documents = parseAllDocuments(await readFile(file, 'utf8'));
  return documents
    .map((document) => {
      const resource = document.toJS() as { kind: string; metadata: { name: string }; spec: { host?: string } };
      const host = placement[resource.metadata.name];
      if (resource.kind === 'Instance' && host !== undefined) resource.spec.host = host;
      return stringify(resource);
    })
    .join('---\n');
}
