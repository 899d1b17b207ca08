import type { NftRuleset } from '@slash32/shared';
import {
  applyNftChanges,
  evaluateHook,
  type FabricModel,
  type HookOutcome,
  HostPolicyCompiler,
  type HostPolicyCompilerOptions,
  type OpenInstance,
  type ProgramFlow,
  type ProgramPacket,
} from '../src/index.ts';

/** What a flow is known by at its start. */
export interface SimulatedFlow {
  readonly family: 4 | 6;
  readonly source: string;
  /** Instance that sends; absent: from outside. */
  readonly from?: OpenInstance;
  readonly etherSource?: string;
  readonly destination: string;
  readonly protocol: number;
  readonly port?: number;
  readonly icmp?: { readonly type: number; readonly code: number };
}

export interface Delivery {
  readonly verdict: 'pass' | 'drop';
  readonly seenSource?: string;
  readonly droppedBy?: string;
  /** It went to the source's own host. */
  readonly local?: true;
}

/** Requests that conntrack begins a flow with, and neighbour discovery and MLD, which it does not track. */
const REQUESTS: Readonly<Record<4 | 6, readonly number[]>> = { 4: [8, 13, 15, 17], 6: [128, 139] };
const UNTRACKED: readonly number[] = [130, 131, 132, 133, 134, 135, 136, 143];

/** A flow's conntrack entry on one host. */
interface HostFlow {
  readonly original: ProgramFlow['original'];
  mark: number;
}

/**
 * Hosts that run the compiled programs, in memory: each host's kernel is what its compiler's updates made of it. Routes
 * are right by definition: to the tap of the open instance that owns the destination, else to the uplink.
 */
export class SimulatedSite {
  readonly #model: FabricModel;
  readonly #hosts = new Map<string, { readonly compiler: HostPolicyCompiler; kernel: NftRuleset }>();
  /** Host and flow → entry; only of flows that passed there once. */
  readonly #flows = new Map<string, HostFlow>();

  constructor(model: FabricModel, hosts: readonly string[], options?: HostPolicyCompilerOptions) {
    this.#model = model;
    for (const name of hosts)
      this.#hosts.set(name, { compiler: new HostPolicyCompiler(model, name, options), kernel: new Map() });
  }

  /** Applies what changed in the model, as the agents would. */
  flush(): void {
    for (const host of this.#hosts.values()) {
      host.kernel = applyNftChanges(host.kernel, host.compiler.flush().changes);
    }
  }

  kernel(host: string): NftRuleset {
    return this.#host(host).kernel;
  }

  compiler(host: string): HostPolicyCompiler {
    return this.#host(host).compiler;
  }

  /** A packet of the flow's original direction. `remember`: keep the conntrack entries if it is delivered. */
  send(flow: SimulatedFlow, remember = false): Delivery {
    return this.#travel(flow, 'original', remember);
  }

  /** A reply, at hosts that have the flow. */
  reply(flow: SimulatedFlow): Delivery {
    return this.#travel(flow, 'reply', true);
  }

  #travel(flow: SimulatedFlow, direction: 'original' | 'reply', remember: boolean): Delivery {
    const owner = this.#model.instanceByAddress(flow.destination);
    const from = flow.from;
    const path = [...new Set([from?.host, owner?.host].filter((name) => name !== undefined))];
    if (direction === 'reply') path.reverse();
    let source = flow.source;
    for (const host of path) {
      const kernel = this.kernel(host);
      const key = JSON.stringify([
        host,
        flow.family,
        flow.source,
        flow.destination,
        flow.protocol,
        flow.port,
        flow.icmp,
      ]);
      const entry = this.#flows.get(key) ?? {
        original: {
          source,
          destination: flow.destination,
          protocol: flow.protocol,
          protocolDestination: protocolDestination(flow),
        },
        mark: 0,
      };
      const tap = {
        source: from?.host === host ? from.interface : 'uplink',
        destination: owner?.host === host ? owner.interface : 'uplink',
      };
      const [iifname, oifname] =
        direction === 'original' ? [tap.source, tap.destination] : [tap.destination, tap.source];
      const conntrack = this.#flowState(flow, entry, direction, this.#flows.has(key));
      const packet: ProgramPacket = {
        ...this.#headers(flow, direction, source),
        iifname,
        etherSource: this.#etherSource(flow, direction, owner),
      };
      const input = this.#isLocal(host, from, direction === 'original' ? flow.destination : flow.source);
      const steps: [Parameters<typeof evaluateHook>[2], ProgramPacket][] = [
        ['prerouting', packet],
        input ? ['input', { ...packet, flow: conntrack }] : ['forward', { ...packet, oifname, flow: conntrack }],
      ];
      for (const [hook, atHook] of steps) {
        const outcome = evaluateHook(kernel, 'inet slash32', hook, atHook);
        if (outcome.verdict === 'drop') return dropped(host, hook, outcome);
      }
      if (typeof conntrack === 'object') entry.mark = conntrack.mark;
      if (input) return { verdict: 'pass', seenSource: source, local: true };
      if (remember) this.#flows.set(key, entry);
      if (direction === 'original') {
        const nat = evaluateHook(kernel, 'inet slash32', 'postrouting', { ...packet, oifname });
        source = nat.snat ?? source;
      }
    }
    return { verdict: 'pass', seenSource: direction === 'original' ? source : flow.destination };
  }

  #headers(flow: SimulatedFlow, direction: 'original' | 'reply', source: string): Omit<ProgramPacket, 'iifname'> {
    const { family, protocol } = flow;
    const ends = { source, destination: flow.destination };
    const icmp = flow.icmp;
    const ports = flow.port === undefined ? {} : { sourcePort: 40_000, destinationPort: flow.port };
    if (direction === 'original')
      return { family, protocol, ...ends, ...ports, ...(icmp === undefined ? {} : { icmp }) };
    return {
      family,
      protocol,
      source: ends.destination,
      destination: flow.source,
      ...(flow.port === undefined ? {} : { sourcePort: flow.port, destinationPort: 40_000 }),
      ...(icmp === undefined ? {} : { icmp: { type: family === 4 ? 0 : 129, code: 0 } }),
    };
  }

  #etherSource(flow: SimulatedFlow, direction: 'original' | 'reply', owner: OpenInstance | undefined): string {
    const sender = direction === 'original' ? flow.from : owner;
    return (direction === 'original' ? flow.etherSource : undefined) ?? sender?.mac ?? '02:00:00:00:00:01';
  }

  #flowState(
    flow: SimulatedFlow,
    entry: HostFlow,
    direction: 'original' | 'reply',
    known: boolean,
  ): ProgramFlow | 'invalid' | 'untracked' {
    const { icmp, family } = flow;
    if (icmp !== undefined && family === 6 && UNTRACKED.includes(icmp.type)) return 'untracked';
    if (icmp !== undefined && !REQUESTS[family].includes(icmp.type)) return 'invalid';
    return { state: known ? 'established' : 'new', direction, original: entry.original, mark: entry.mark };
  }

  #isLocal(host: string, from: OpenInstance | undefined, destination: string): boolean {
    const resource = this.#model.host(host);
    const own = [resource?.spec.address, resource?.spec.address6, resource?.spec.masqueradeAddress];
    return own.includes(destination) || (from?.gateways.includes(destination) ?? false);
  }

  #host(name: string): { readonly compiler: HostPolicyCompiler; kernel: NftRuleset } {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new RangeError(`no host ${name}`);
    return host;
  }
}

function protocolDestination(flow: SimulatedFlow): number {
  return flow.icmp === undefined ? (flow.port ?? 0) : flow.icmp.type * 256 + flow.icmp.code;
}

function dropped(host: string, hook: string, outcome: HookOutcome): Delivery {
  const { chain, rule } = outcome.decidedBy ?? { chain: 'policy', rule: { comment: '' } };
  return { verdict: 'drop', droppedBy: `${host} ${hook} ${chain}: ${rule.comment}` };
}
