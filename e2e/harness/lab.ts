import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { FabricError } from '@slash32/shared';
import { execa } from 'execa';
import { LabNode } from './lab-node.ts';
import type { NodeMount } from './node-filesystem.ts';
import { type Bind, type LinkEndpoint, loadTopology, type Topology, type TopologyNode } from './topology.ts';

export interface LabOptions {
  readonly signal?: AbortSignal;
  /** Keep logs here instead of in the lab's own temporary folder. */
  readonly logDir?: string;
  /** Called with a line for people at every stage. */
  readonly progress?: (line: string) => void;
}

let labs = 0;

/**
 * A topology, up and running in network namespaces. Disposal ends all its processes and removes its namespaces and
 * files; when the process dies before, `scripts/sandbox` does it.
 */
export class Lab implements AsyncDisposable {
  readonly name: string;
  readonly logDirectory: string;
  readonly #directory: string;
  readonly #namespacePrefix: string;
  readonly #nodes = new Map<string, LabNode>();
  /** Writable binds: one private copy per lab, shared by the nodes that bind the same path. */
  readonly #copies = new Map<string, Promise<string>>();

  private constructor(name: string, directory: string, logDirectory: string) {
    labs += 1;
    this.name = name;
    this.#directory = directory;
    this.logDirectory = logDirectory;
    this.#namespacePrefix = `${name}-${process.pid}-${labs}-`;
  }

  /** Brings up a topology (a file or a loaded one) and returns when every process answers. */
  static async up(source: string | Topology, options: LabOptions = {}): Promise<Lab> {
    if (process.env.SLASH32_SANDBOX === undefined) {
      throw new FabricError(
        'lab.no-sandbox',
        'labs run in a sandbox only; start this through scripts/sandbox (make demo and make test do)',
      );
    }
    const topology = typeof source === 'string' ? await loadTopology(source) : source;
    const directory = await mkdtemp(join(tmpdir(), 'lab-'));
    const logDirectory = options.logDir ?? join(directory, 'logs');
    await mkdir(logDirectory, { recursive: true });
    const lab = new Lab(topology.name, directory, logDirectory);
    try {
      await lab.extend(topology, options);
    } catch (error) {
      if (options.signal?.aborted !== true) process.stderr.write(await lab.describeLogs());
      await lab[Symbol.asyncDispose]();
      throw error;
    }
    return lab;
  }

  /** Adds nodes and links to the running lab: links first, then `exec`, then the images' processes. */
  async extend(topology: Pick<Topology, 'nodes' | 'links'>, options: LabOptions = {}): Promise<void> {
    const { signal, progress } = options;
    progress?.(`${topology.nodes.length} nodes, ${topology.links.length} links: namespaces`);
    await this.#makeNamespaces(topology);
    signal?.throwIfAborted();
    const added = await settleAll(topology.nodes.map((spec) => this.#makeNode(spec)));
    signal?.throwIfAborted();
    progress?.('addresses and routes');
    await settleAll(added.map((node) => node.runExec()));
    signal?.throwIfAborted();
    progress?.('routers and daemons');
    await settleAll(added.map((node) => node.startImage()));
    signal?.throwIfAborted();
  }

  /** Ends a node with its links, as when a machine is unplugged. */
  async remove(name: string): Promise<void> {
    const node = this.node(name);
    this.#nodes.delete(name);
    await node[Symbol.asyncDispose]();
    await execa('ip', ['netns', 'delete', node.namespace]);
    await rm(join(this.#directory, name), { recursive: true, force: true });
  }

  node(name: string): LabNode {
    const node = this.#nodes.get(name);
    if (node === undefined) {
      throw new FabricError(
        'lab.unknown-node',
        `there is no node ${name}; known: ${[...this.#nodes.keys()].join(', ')}`,
      );
    }
    return node;
  }

  get nodes(): readonly LabNode[] {
    return [...this.#nodes.values()];
  }

  /** The lab's private copy of a folder or file that nodes bind writable, by its name, such as `fabric`. */
  async writable(name: string): Promise<string> {
    for (const [hostPath, copy] of this.#copies) if (basename(hostPath) === name) return copy;
    throw new FabricError('lab.unknown-bind', `no node binds a path named ${name} writable`);
  }

  /** Runs `ip -batch` in the sandbox's own namespace; namespaces of nodes are named by {@link LabNode.namespace}. */
  async ipBatch(lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await execa('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
  }

  /** The end of every log, for a failed test's output. */
  async describeLogs(linesEach = 40): Promise<string> {
    const parts: string[] = [];
    for (const file of (await readdir(this.logDirectory)).sort()) {
      const text = (await readFile(join(this.logDirectory, file), 'utf8')).trimEnd();
      if (text !== '') parts.push(`--- ${file}\n${text.split('\n').slice(-linesEach).join('\n')}\n`);
    }
    return parts.join('');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const nodes = this.nodes;
    this.#nodes.clear();
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    await this.ipBatch(nodes.map((node) => `netns delete ${node.namespace}`));
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #makeNamespaces({ nodes, links }: Pick<Topology, 'nodes' | 'links'>): Promise<void> {
    const end = ({ node, interface: name }: LinkEndpoint): string => `${name} netns ${this.#namespaceOf(node)}`;
    const address = (endpoint: LinkEndpoint): string => (endpoint.mac === undefined ? '' : `address ${endpoint.mac} `);
    await this.ipBatch([
      ...nodes.map((node) => `netns add ${this.#namespaceOf(node.name)}`),
      ...links.map(([a, b]) => `link add ${end(a)} ${address(a)}type veth peer name ${end(b)} ${address(b)}`),
    ]);
    // As containerlab does: links are up when a node's commands run.
    await this.#setUp(links.flat());
  }

  async #setUp(endpoints: readonly LinkEndpoint[]): Promise<void> {
    const byNode = Map.groupBy(endpoints, (endpoint) => endpoint.node);
    await settleAll(
      [...byNode].map(async ([node, ends]) => {
        const input = ends.map((end) => `link set ${end.interface} up`).join('\n');
        await execa('ip', ['-n', this.#namespaceOf(node), '-batch', '-'], { input: `${input}\n` });
      }),
    );
  }

  async #makeNode(spec: TopologyNode): Promise<LabNode> {
    const node = await LabNode.create({
      spec,
      namespace: this.#namespaceOf(spec.name),
      directory: join(this.#directory, spec.name),
      logDirectory: this.logDirectory,
      mounts: await Promise.all(spec.binds.map((bind) => this.#mountOf(bind))),
    });
    this.#nodes.set(spec.name, node);
    return node;
  }

  async #mountOf(bind: Bind): Promise<NodeMount> {
    const { hostPath, containerPath: target, readOnly } = bind;
    if (readOnly) return { source: hostPath, target, readOnly };
    let copy = this.#copies.get(hostPath);
    if (copy === undefined) {
      const place = join(this.#directory, `bind-${this.#copies.size}-${basename(hostPath)}`);
      copy = cp(hostPath, place, { recursive: true }).then(() => place);
      this.#copies.set(hostPath, copy);
    }
    return { source: await copy, target, readOnly };
  }

  #namespaceOf(node: string): string {
    return `${this.#namespacePrefix}${node}`;
  }
}

/** Like Promise.all, but nothing is still running when it throws, so that disposal finds everything there is. */
async function settleAll<Value>(promises: readonly Promise<Value>[]): Promise<Value[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
