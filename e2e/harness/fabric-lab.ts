import {
  type AgentMethods,
  type AgentStatus,
  type BgpNeighborStatus,
  connectControl,
  type EndpointStatus,
  type SpeakerMethods,
  type SpeakerStatus,
} from '@slash32/shared';
import { binary } from './image-recipes.ts';
import { Lab, type LabOptions } from './lab.ts';
import type { ExecResult } from './lab-node.ts';
import type { Topology } from './topology.ts';
import { waitFor } from './wait-for.ts';

/** A lab whose compute hosts run slash32: the operator's view of it, through fabricctl and the control sockets. */
export class FabricLab implements AsyncDisposable {
  readonly lab: Lab;
  /** Names of the nodes that run slash32. */
  readonly hosts: readonly string[];

  private constructor(lab: Lab) {
    this.lab = lab;
    this.hosts = lab.nodes.filter((node) => node.spec.image.startsWith('slash32/compute')).map((node) => node.name);
  }

  static async up(source: string | Topology, options: LabOptions = {}): Promise<FabricLab> {
    return new FabricLab(await Lab.up(source, options));
  }

  /** Runs fabricctl where an operator would: on a compute host. Throws if it fails, unless `allowFailure`. */
  fabricctl(
    parameters: readonly string[],
    options: { readonly host?: string; readonly input?: string; readonly allowFailure?: boolean } = {},
  ): Promise<ExecResult> {
    const { host = this.hosts[0] ?? '', ...execOptions } = options;
    return this.lab.node(host).exec([binary('fabricctl'), ...parameters], execOptions);
  }

  /** `fabricctl apply` of a file, or of YAML text given as `{ text }`. */
  async apply(manifest: string | { readonly text: string }): Promise<void> {
    if (typeof manifest === 'string') await this.fabricctl(['apply', '-f', manifest]);
    else await this.fabricctl(['apply', '-f', '-'], { input: manifest.text });
  }

  async agentStatus(host: string): Promise<AgentStatus> {
    await using client = await connectControl<AgentMethods>(this.lab.node(host).socket('felix-agent'));
    return await client.call('agent.status', {});
  }

  async endpoints(host: string): Promise<readonly EndpointStatus[]> {
    await using client = await connectControl<AgentMethods>(this.lab.node(host).socket('felix-agent'));
    return await client.call('agent.endpoints', {});
  }

  async speakerStatus(host: string): Promise<SpeakerStatus> {
    await using client = await connectControl<SpeakerMethods>(this.lab.node(host).socket('bgp-speaker'));
    return await client.call('speaker.status', {});
  }

  async neighbors(host: string): Promise<readonly BgpNeighborStatus[]> {
    await using client = await connectControl<SpeakerMethods>(this.lab.node(host).socket('bgp-speaker'));
    return await client.call('speaker.neighbors', {});
  }

  /** Waits until every BGP session of every host is established. */
  async awaitSessions(): Promise<void> {
    for (const host of this.hosts) {
      await waitFor(
        () => this.neighbors(host),
        (neighbors) => neighbors.length > 0 && neighbors.every(({ state }) => state === 'Established'),
        { what: `BGP sessions of ${host} are established` },
      );
    }
  }

  /**
   * Waits until every session of some hosts is established and has carried all local routes. Before that, a router
   * holds a restarted speaker's routes as stale and must drop them should it restart once more (RFC 4724 4.2).
   */
  async awaitAdvertised(hosts: readonly string[]): Promise<void> {
    for (const host of hosts) {
      await waitFor(
        async () => {
          const [status, neighbors] = await Promise.all([this.speakerStatus(host), this.neighbors(host)]);
          return { localRoutes: status.localRoutes, neighbors };
        },
        ({ localRoutes, neighbors }) =>
          neighbors.length > 0 &&
          neighbors.every(({ state, prefixes }) => {
            const advertised = Object.values(prefixes).reduce((sum, family) => sum + family.advertised, 0);
            return state === 'Established' && advertised === localRoutes;
          }),
        { what: `${host} has advertised its routes to all its routers` },
      );
    }
  }

  /** Waits until an instance's endpoint is in a state; returns it. */
  async awaitEndpoint(
    host: string,
    instance: string,
    state: EndpointStatus['state'] = 'up',
  ): Promise<EndpointStatus | undefined> {
    const endpoints = await waitFor(
      () => this.endpoints(host),
      (list) => list.some((endpoint) => endpoint.instance === instance && endpoint.state === state),
      { what: `endpoint ${instance} on ${host} is ${state}` },
    );
    return endpoints.find((endpoint) => endpoint.instance === instance);
  }

  /**
   * Runs `change` and waits until the agents of `hosts` have committed a transaction to nftables because of it and no
   * endpoint is being programmed any more.
   */
  async changePolicy(hosts: readonly string[], change: () => Promise<void>): Promise<void> {
    const before = new Map<string, number>();
    for (const host of hosts) before.set(host, (await this.agentStatus(host)).nft.transactions);
    await change();
    for (const host of hosts) {
      await waitFor(
        () => this.agentStatus(host),
        (status) =>
          status.nft.transactions > (before.get(host) ?? 0) &&
          status.datastore.inSync &&
          status.endpoints.programming === 0,
        { what: `${host} has programmed the change` },
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}
