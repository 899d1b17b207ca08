import { FakeKernel, type SignatureCounters } from '@slash32/linux';
import {
  type BGPPeer,
  type BgpNeighborStatus,
  type BgpRouteStatus,
  bgpPeerSchema,
  type ControlCallContext,
  type ControlHandlers,
  type FakeClock,
  type Host,
  hostSchema,
  type ParamsOf,
  ROUTE_PROTOCOL,
  type RoutePolicy,
  routePolicySchema,
  type SpeakerMethods,
  type SpeakerStatus,
  silentLogger,
} from '@slash32/shared';
import type { BfdSessions } from '../../src/bfd/bfd-service.ts';
import { Speaker } from '../../src/daemon/speaker.ts';
import { speakerHandlers } from '../../src/daemon/speaker-handlers.ts';
import type { AdmittedPeer, UnprotectedPeers } from '../../src/session/transport.ts';
import type { MemoryNetwork } from './memory-transport.ts';

export interface LabHostSettings {
  readonly name: string;
  readonly address: string;
  readonly address6?: string;
  readonly asNumber: number;
  readonly bfd?: BfdSessions;
}

/** A speaker on a fake kernel in a memory network, with the resources of its own. */
export class LabHost {
  readonly settings: LabHostSettings;
  readonly kernel = new FakeKernel();
  readonly peers = new Map<string, BGPPeer>();
  readonly policies = new Map<string, RoutePolicy>();
  /** Of other hosts: name → blocks. */
  readonly otherBlocks = new Map<string, readonly string[]>();
  /** Addresses of this host's blocks that instances on other hosts have. */
  elsewhere: readonly string[] | undefined = [];
  #blocks: readonly string[] = [];
  /** Of segments that the kernel dropped. */
  signatures: SignatureCounters | undefined = { missing: 0, unexpected: 0, wrong: 0 };
  /** Password files, by path. */
  readonly files = new Map<string, string>();
  /** What the listener cannot protect. */
  unprotected: UnprotectedPeers = new Map();
  /** What the listener was told last. */
  admitted: readonly AdmittedPeer[] = [];
  readonly #clock: FakeClock;
  readonly #network: MemoryNetwork;
  #speaker: Speaker | undefined;
  #life = new AbortController();

  constructor(clock: FakeClock, network: MemoryNetwork, settings: LabHostSettings) {
    this.#clock = clock;
    this.#network = network;
    this.settings = settings;
    this.kernel.network.putInterface('eth0');
    this.kernel.network.putInterface('tap0');
  }

  /** Gives eth0 its addresses, so that next hops are on link. */
  async prepare(): Promise<void> {
    const addresses = [`${this.settings.address}/24`];
    if (this.settings.address6 !== undefined) addresses.push(`${this.settings.address6}/64`);
    await this.kernel.addresses.apply(
      addresses.map((address) => ({ op: 'add' as const, address: { device: 'eth0', address } })),
    );
  }

  get speaker(): Speaker {
    if (this.#speaker === undefined) throw new Error(`${this.settings.name} is not started`);
    return this.#speaker;
  }

  addPeer(name: string, address: string, asNumber: number | string | readonly number[], spec: object = {}): void {
    const peer = bgpPeerSchema.parse({
      apiVersion: 'slash32.dev/v1',
      kind: 'BGPPeer',
      metadata: { name },
      spec: { hosts: 'all()', address, asNumber, ...spec },
    });
    this.peers.set(name, peer);
    if (this.#speaker !== undefined) this.applyResources();
  }

  /** A range that routers may call from. */
  addRange(name: string, range: string, asNumber: number | string | readonly number[], spec: object = {}): void {
    const peer = bgpPeerSchema.parse({
      apiVersion: 'slash32.dev/v1',
      kind: 'BGPPeer',
      metadata: { name },
      spec: { hosts: 'all()', range, asNumber, ...spec },
    });
    this.peers.set(name, peer);
    if (this.#speaker !== undefined) this.applyResources();
  }

  putPolicy(name: string, ...terms: readonly object[]): void {
    const policy = { apiVersion: 'slash32.dev/v1', kind: 'RoutePolicy', metadata: { name }, spec: { terms } };
    this.policies.set(name, routePolicySchema.parse(policy));
    if (this.#speaker !== undefined) this.applyResources();
  }

  /** Address blocks of this host. */
  setBlocks(...blocks: readonly string[]): void {
    this.#blocks = blocks;
    if (this.#speaker !== undefined) this.applyResources();
  }

  removePolicy(name: string): void {
    this.policies.delete(name);
    this.applyResources();
  }

  removePeer(name: string): void {
    this.peers.delete(name);
    this.applyResources();
  }

  applyResources(): void {
    this.speaker.applyResources({
      host: this.#hostResource(),
      otherHosts: [...this.otherBlocks].map(([name, blocks], index) =>
        hostResource(name, { address: `192.0.2.${200 + index}`, blocks }),
      ),
      ...(this.elsewhere === undefined ? {} : { elsewhere: this.elsewhere }),
      peers: this.peers,
      policies: this.policies,
    });
  }

  async start(): Promise<void> {
    this.#life = new AbortController();
    const { name, address, bfd } = this.settings;
    this.#speaker = new Speaker({
      host: name,
      kernel: this.kernel,
      clock: this.#clock,
      random: () => 0.5,
      logger: silentLogger,
      transport: this.#network.transport(address),
      readFile: async (path) => {
        const content = this.files.get(path);
        if (content === undefined) throw new Error('ENOENT: no such file');
        return new TextEncoder().encode(content);
      },
      admit: (peers) => {
        this.admitted = peers;
        return this.unprotected;
      },
      port: 179,
      signatureCounters: async () => this.signatures,
      ...(bfd === undefined ? {} : { bfd }),
    });
    await this.speaker.start(this.#life.signal);
    this.#network.listen(address, (incoming) => this.speaker.accept(incoming));
    this.applyResources();
  }

  /** As SIGTERM does. */
  shutDown(): void {
    this.#network.unlisten(this.settings.address);
    this.speaker.shutDown();
    this.#life.abort();
    this.#speaker = undefined;
  }

  /** As SIGKILL does: the kernel closes its connections. */
  kill(): void {
    this.#network.kill(this.settings.address);
    this.shutDown();
  }

  /** As a power failure does to the speaker, though the kernel state stays. */
  vanish(): void {
    this.#network.vanish(this.settings.address);
    this.shutDown();
  }

  addInstance(prefix: string, metric?: number): void {
    this.kernel.network.putRoute({
      family: prefix.includes(':') ? 6 : 4,
      prefix,
      ...(metric === undefined ? {} : { metric }),
      type: 'unicast',
      protocol: ROUTE_PROTOCOL.endpoint,
      nextHops: [{ device: 'tap0' }],
    });
  }

  async removeInstance(prefix: string, metric?: number): Promise<void> {
    await this.kernel.routes.apply([
      {
        op: 'delete',
        route: {
          family: prefix.includes(':') ? 6 : 4,
          prefix,
          ...(metric === undefined ? {} : { metric }),
          type: 'unicast',
          protocol: ROUTE_PROTOCOL.endpoint,
          nextHops: [{ device: 'tap0' }],
        },
      },
    ]);
  }

  /** Answers as fabricctl gets them, without the socket. */
  status(): SpeakerStatus {
    return atOnce(this.#handlers()['speaker.status']({}, this.#context()));
  }

  clear(params: ParamsOf<SpeakerMethods['speaker.clear']>): readonly string[] {
    return atOnce(this.#handlers()['speaker.clear'](params, this.#context())).done;
  }

  shutdownPeer(params: ParamsOf<SpeakerMethods['speaker.shutdown']>): readonly string[] {
    return atOnce(this.#handlers()['speaker.shutdown'](params, this.#context())).done;
  }

  enablePeer(peer: string): readonly string[] {
    return atOnce(this.#handlers()['speaker.enable']({ peer }, this.#context())).done;
  }

  routes(params: ParamsOf<SpeakerMethods['speaker.routes']> = {}): readonly BgpRouteStatus[] {
    return atOnce(this.#handlers()['speaker.routes'](params, this.#context()));
  }

  neighbors(): readonly BgpNeighborStatus[] {
    return atOnce(this.#handlers()['speaker.neighbors']({}, this.#context()));
  }

  /** Events of a whole table, as fabricctl gets it. */
  async routeTable(
    params: ParamsOf<SpeakerMethods['speaker.route-table']> = {},
  ): Promise<readonly (readonly BgpRouteStatus[])[]> {
    const events: (readonly BgpRouteStatus[])[] = [];
    for await (const event of this.#handlers()['speaker.route-table'](params, this.#context())) events.push(event);
    return events;
  }

  neighbor(name: string): BgpNeighborStatus {
    const status = this.neighbors().find(({ peer }) => peer === name);
    if (status === undefined) throw new Error(`no neighbor ${name}`);
    return status;
  }

  /** `PREFIX via GATEWAY[ GATEWAY…]` of the learned routes in the kernel, sorted. */
  learned(): readonly string[] {
    return [...this.kernel.network.routes.values()]
      .filter(({ protocol }) => protocol === ROUTE_PROTOCOL.learned)
      .map(({ prefix, nextHops }) => `${prefix} via ${nextHops.map(({ gateway }) => gateway).join(' ')}`)
      .sort();
  }

  #context(): ControlCallContext {
    return { signal: this.#life.signal };
  }

  #handlers(): ControlHandlers<SpeakerMethods> {
    return speakerHandlers({
      speaker: this.speaker,
      clock: this.#clock,
      process: () => ({
        host: this.settings.name,
        version: '0',
        pid: 1,
        uptimeSeconds: this.#clock.monotonicMs() / 1000,
        datastore: { description: 'none', inSync: true },
        problems: [],
      }),
    });
  }

  #hostResource(): Host {
    const { name, address, address6, asNumber } = this.settings;
    return hostResource(name, {
      address,
      ...(address6 === undefined ? {} : { address6 }),
      asNumber,
      blocks: this.#blocks,
    });
  }
}

function hostResource(name: string, spec: object): Host {
  return hostSchema.parse({ apiVersion: 'slash32.dev/v1', kind: 'Host', metadata: { name }, spec });
}

function atOnce<Answer>(answer: Answer | Promise<Answer>): Answer {
  if (answer instanceof Promise) throw new Error('the speaker answers at once');
  return answer;
}
