import { FabricLab } from '../harness/fabric-lab.ts';
import type { LabOptions } from '../harness/lab.ts';
import { Prober } from '../harness/prober.ts';
import { loadTopology } from '../harness/topology.ts';
import { waitFor } from '../harness/wait-for.ts';
import { checkFlows, type FlowOutcome } from './flow-check.ts';
import type { Passage } from './party.ts';
import { placedManifest, placeInstances } from './placement.ts';
import {
  allAttempts,
  INTERNET_ADDRESSES,
  type InstanceName,
  type Screen,
  sevenScreens,
  TCP_PORTS,
  TWO_RACKS,
  UDP_PORTS,
} from './seven-screens.ts';

export interface ScreenResult {
  readonly screen: Screen;
  readonly outcomes: readonly FlowOutcome[];
  readonly applyMs: number;
  readonly checkMs: number;
}

/** A lab in which the seven screens are shown, one by one. */
export class ScreenRun implements AsyncDisposable {
  readonly fabric: FabricLab;
  readonly probers: ReadonlyMap<string, Prober>;
  readonly screens: readonly Screen[];
  readonly #placement: Readonly<Record<InstanceName, string>>;
  readonly #passages: Passage[] = [];

  private constructor(
    fabric: FabricLab,
    probers: ReadonlyMap<string, Prober>,
    placement: Readonly<Record<InstanceName, string>>,
  ) {
    this.fabric = fabric;
    this.probers = probers;
    this.#placement = placement;
    this.screens = sevenScreens(placement.def);
  }

  static async start(placement: Readonly<Record<InstanceName, string>>, options: LabOptions = {}): Promise<ScreenRun> {
    const topology = placeInstances(await loadTopology(TWO_RACKS), placement);
    const fabric = await FabricLab.up(topology, options);
    try {
      options.progress?.('BGP sessions and probers');
      const [probers] = await Promise.all([startProbers(fabric), fabric.awaitSessions()]);
      return new ScreenRun(fabric, probers, placement);
    } catch (error) {
      if (options.signal?.aborted !== true) process.stderr.write(await fabric.lab.describeLogs());
      await fabric[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Applies a screen's manifest, waits until the hosts have it, and tries every flow. */
  async show(screen: Screen): Promise<ScreenResult> {
    const started = performance.now();
    const text = await placedManifest(screen.manifest, this.#placement);
    const hosts = [...new Set(screen.changes.map((instance) => this.#placement[instance]))];
    await this.fabric.changePolicy(hosts, () => this.fabric.apply({ text }));
    if (screen.number === '1') await this.#awaitInstances();
    const applied = performance.now();
    this.#passages.push(...screen.newlyPasses);
    const outcomes = await checkFlows(this.probers, allAttempts(), this.#passages);
    return { screen, outcomes, applyMs: applied - started, checkMs: performance.now() - applied };
  }

  /** Tries every flow again, against what should pass after the screens shown so far. */
  check(): Promise<readonly FlowOutcome[]> {
    return checkFlows(this.probers, allAttempts(), this.#passages);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fabric[Symbol.asyncDispose]();
  }

  /** Endpoints up, and addresses obtained by DHCP. */
  async #awaitInstances(): Promise<void> {
    await Promise.all(
      Object.entries(this.#placement).map(async ([instance, host]) => {
        await this.fabric.awaitEndpoint(host, `default/${instance}`);
        await waitFor(
          async () => (await this.fabric.lab.node(instance).exec(['ip', '-4', 'route', 'show', 'default'])).stdout,
          (route) => route.includes('dev eth0'),
          { what: `${instance} has an address and a gateway by DHCP` },
        );
      }),
    );
  }
}

async function startProbers(fabric: FabricLab): Promise<ReadonlyMap<string, Prober>> {
  const nodes = ['pub', 'def', 'prv', 'w'];
  const probers = nodes.map(async (name): Promise<readonly [string, Prober]> => {
    const prober = await Prober.start(fabric.lab.node(name), {
      tcpPorts: TCP_PORTS,
      udpPorts: UDP_PORTS,
      ...(name === 'w' ? { addresses: INTERNET_ADDRESSES } : {}),
    });
    return [name, prober];
  });
  return new Map(await Promise.all(probers));
}
