/**
 * Reads topologies in containerlab's format (https://containerlab.dev/manual/topo-def-file/). No dialect of our own:
 * a file that loads here is to run under containerlab too, with container images of the same names. Keys that mean
 * nothing without containers (`ports`, `mgmt`, …) are accepted and ignored; keys that nobody knows are errors.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { FabricError } from '@slash32/shared';
import { parse } from 'yaml';
import { z } from 'zod';

/** `HOST-PATH:CONTAINER-PATH[:ro]`, the host path relative to the topology file. */
export interface Bind {
  /** Absolute. */
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readOnly: boolean;
}

export interface TopologyNode {
  readonly name: string;
  readonly kind: string;
  /** Image name with tag; image-recipes.ts says what runs for it. */
  readonly image: string;
  readonly binds: readonly Bind[];
  /** Commands without a shell, run in order once the links are there. */
  readonly exec: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

export interface LinkEndpoint {
  readonly node: string;
  readonly interface: string;
  readonly mac?: string;
}

export interface Topology {
  readonly name: string;
  readonly nodes: readonly TopologyNode[];
  readonly links: readonly (readonly [LinkEndpoint, LinkEndpoint])[];
}

/** Settings that containerlab lets stand in `defaults`, `kinds`, `groups` and `nodes`, later ones winning. */
const nodeSettings = z.strictObject({
  kind: z.string().optional(),
  group: z.string().optional(),
  image: z.string().optional(),
  binds: z.array(z.string()).optional(),
  exec: z.array(z.string()).optional(),
  env: z.record(z.string(), z.coerce.string()).optional(),
  labels: z.record(z.string(), z.coerce.string()).optional(),
  ports: z.array(z.string()).optional(),
  'network-mode': z.string().optional(),
  'mgmt-ipv4': z.string().optional(),
  'mgmt-ipv6': z.string().optional(),
  'image-pull-policy': z.string().optional(),
  'cap-add': z.array(z.string()).optional(),
});
type NodeSettings = z.output<typeof nodeSettings>;

const interfaceName = z.string().regex(/^[A-Za-z0-9_.-]{1,15}$/, 'must be a Linux interface name');
const briefEndpoint = z
  .string()
  .regex(/^[^:]+:[A-Za-z0-9_.-]{1,15}$/, 'must be NODE:INTERFACE')
  .transform((text): LinkEndpoint => {
    const colon = text.indexOf(':');
    return { node: text.slice(0, colon), interface: text.slice(colon + 1) };
  });
const fullEndpoint = z
  .strictObject({ node: z.string(), interface: interfaceName, mac: z.string().optional() })
  .transform(
    ({ node, interface: name, mac }): LinkEndpoint => ({
      node,
      interface: name,
      ...(mac === undefined ? {} : { mac }),
    }),
  );
const link = z.union([
  z.strictObject({ endpoints: z.tuple([briefEndpoint, briefEndpoint]) }),
  z.strictObject({ type: z.literal('veth'), endpoints: z.tuple([fullEndpoint, fullEndpoint]) }),
]);

const topologyFile = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'must consist of a–z, 0–9 and "-"'),
  prefix: z.string().optional(),
  mgmt: z.unknown().optional(),
  topology: z.strictObject({
    defaults: nodeSettings.optional(),
    kinds: z.record(z.string(), nodeSettings).optional(),
    groups: z.record(z.string(), nodeSettings).optional(),
    nodes: z.record(z.string().regex(/^[a-z0-9][a-z0-9-]*$/), nodeSettings.nullable()),
    links: z.array(link).default([]),
  }),
});

/** Throws `FabricError` `topology.invalid`, with every fault and its path. */
export async function loadTopology(file: string): Promise<Topology> {
  return parseTopology(await readFile(file, 'utf8'), file);
}

/** `file` names the source in errors, and binds are relative to its folder. */
export function parseTopology(text: string, file: string): Topology {
  const parsed = topologyFile.safeParse(parse(text));
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new FabricError('topology.invalid', `${file}: ${faults.join('; ')}`);
  }
  const { name, topology } = parsed.data;
  const nodes = Object.entries(topology.nodes).map(([nodeName, own]): TopologyNode => {
    const kind = own?.kind ?? topology.defaults?.kind;
    if (kind === undefined) {
      throw new FabricError('topology.invalid', `${file}: topology.nodes.${nodeName}: needs a kind`);
    }
    const group = own?.group === undefined ? undefined : topology.groups?.[own.group];
    const settings = merge([topology.defaults, topology.kinds?.[kind], group, own ?? undefined]);
    if (settings.image === undefined) {
      throw new FabricError('topology.invalid', `${file}: topology.nodes.${nodeName}: needs an image`);
    }
    return {
      name: nodeName,
      kind,
      image: settings.image,
      binds: (settings.binds ?? []).map((bind) => parseBind(bind, file, nodeName)),
      exec: settings.exec ?? [],
      env: settings.env ?? {},
      labels: settings.labels ?? {},
    };
  });
  checkLinks(topology.links, new Set(nodes.map((node) => node.name)), file);
  return { name, nodes, links: topology.links.map(({ endpoints }) => endpoints) };
}

/** As containerlab does: scalars of the later replace, lists and maps of all are joined. */
function merge(levels: readonly (NodeSettings | undefined)[]): NodeSettings {
  const merged: NodeSettings = {};
  for (const level of levels) {
    if (level === undefined) continue;
    const { binds, exec, env, labels, ...scalars } = level;
    Object.assign(merged, scalars);
    merged.binds = [...(merged.binds ?? []), ...(binds ?? [])];
    merged.exec = [...(merged.exec ?? []), ...(exec ?? [])];
    merged.env = { ...merged.env, ...env };
    merged.labels = { ...merged.labels, ...labels };
  }
  return merged;
}

function parseBind(bind: string, file: string, node: string): Bind {
  const [hostPath, containerPath, options] = bind.split(':');
  if (hostPath === undefined || containerPath === undefined || !containerPath.startsWith('/')) {
    throw new FabricError('topology.invalid', `${file}: node ${node}: bind "${bind}" is not HOST-PATH:/CONTAINER-PATH`);
  }
  return {
    hostPath: resolve(dirname(file), hostPath),
    containerPath,
    readOnly: options?.split(',').includes('ro') ?? false,
  };
}

function checkLinks(
  links: readonly { readonly endpoints: readonly LinkEndpoint[] }[],
  nodes: ReadonlySet<string>,
  file: string,
): void {
  const seen = new Set<string>();
  for (const { endpoints } of links) {
    for (const endpoint of endpoints) {
      const text = `${endpoint.node}:${endpoint.interface}`;
      if (!nodes.has(endpoint.node)) {
        throw new FabricError('topology.invalid', `${file}: link endpoint ${text}: there is no node ${endpoint.node}`);
      }
      if (seen.has(text)) throw new FabricError('topology.invalid', `${file}: link endpoint ${text} stands twice`);
      seen.add(text);
    }
  }
}
