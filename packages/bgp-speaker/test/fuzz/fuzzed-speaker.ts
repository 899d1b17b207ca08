import { FakeClock } from '@slash32/shared';
import {
  FAMILY_PARAMETERS,
  MAX_EXTENDED_MESSAGE_LENGTH,
  MAX_MESSAGE_LENGTH,
  type NlriBlock,
  prefixKeyFromText,
  prefixKeyToText,
} from '../../src/codec/index.ts';
import { hex, update } from '../codec/message-fixtures.ts';
import { LabHost } from '../lab/lab-host.ts';
import { MemoryNetwork } from '../lab/memory-transport.ts';
import { ScriptedPeer, usualCapabilities } from '../lab/scripted-peer.ts';
import { ResetOracle } from './reset-oracle.ts';
import type { Step, Variant } from './steps.ts';

const SPEAKER = '10.0.0.1';
const OWN_AS = 64_512;
const VICTIM = { name: 'victim', address: '10.0.0.2', asNumber: 65_001 } as const;
const HEALTHY = { name: 'healthy', address: '10.0.0.3', asNumber: 65_002 } as const;
type Peer = typeof VICTIM | typeof HEALTHY;
const FAMILIES = ['ipv4-unicast', 'ipv6-unicast'] as const;
/** Longest that a session may stay down after an error, fake milliseconds. */
const PATIENCE_MS = 1_800_000;

/**
 * A speaker as it runs, with a session that is abused and one that behaves; on a fake clock. As a route server or reflector
 * it passes on what it takes to the healthy peer, which throws at what is not sound; messages of the abused session may be
 * longer than those of the other. Every step ends with a look at what must hold: see {@link check}. An exception is a
 * failure, whoever throws it.
 */
export class FuzzedSpeaker {
  readonly #clock = new FakeClock();
  readonly #network = new MemoryNetwork(this.#clock);
  readonly #host = new LabHost(this.#clock, this.#network, {
    name: 'h1',
    address: SPEAKER,
    address6: '2001:db8::ffff',
    asNumber: OWN_AS,
  });
  readonly #variant: Variant;
  #victim: ScriptedPeer | undefined;
  #oracle: ResetOracle | undefined;
  #healthy: ScriptedPeer | undefined;
  readonly #healthyRoutes = new Set<number>();
  #timersAtRest = 0;

  private constructor(variant: Variant) {
    this.#variant = variant;
  }

  static async create(variant: Variant): Promise<FuzzedSpeaker> {
    const fuzzed = new FuzzedSpeaker(variant);
    const host = fuzzed.#host;
    await host.prepare();
    for (const peer of [VICTIM, HEALTHY]) {
      host.addPeer(peer.name, peer.address, fuzzed.#asNumberOf(peer), {
        passive: true,
        ...ROLE_FIELDS[variant.role],
        ...(variant.addPaths ? { addPaths: { receive: true, send: 'all' } } : {}),
      });
    }
    await host.start();
    fuzzed.#healthy = fuzzed.#peer(HEALTHY);
    fuzzed.#healthy.connect();
    fuzzed.#healthy.sendOpen();
    await fuzzed.#settle();
    fuzzed.#healthy.sendKeepalive();
    await fuzzed.#settle();
    if (host.neighbor(HEALTHY.name).state !== 'Established') throw new Error('the healthy session does not come up');
    fuzzed.#timersAtRest = fuzzed.#clock.pendingTimers;
    return fuzzed;
  }

  async apply(step: Step): Promise<void> {
    switch (step.op) {
      case 'send':
        await this.#ensureSession();
        await this.#send(hex(step.octets), step.piece);
        break;
      case 'call':
        await this.#call(hex(step.open));
        break;
      case 'hang-up':
        this.#victim?.close();
        break;
      case 'wait':
        await this.#clock.advanceAsync(step.ms);
        break;
      case 'instance':
        if (step.present) this.#host.addInstance(`203.0.113.${step.number}/32`);
        else await this.#host.removeInstance(`203.0.113.${step.number}/32`);
        break;
      case 'clear':
        this.#clear(step.soft);
        break;
      case 'healthy':
        this.#announceHealthy(step.number, step.present);
        break;
    }
    await this.#settle();
    this.check();
  }

  /** What holds whatever the victim's peer does. */
  check(): void {
    const { notification } = this.#victim ?? {};
    const oracle = this.#oracle;
    if (oracle !== undefined && notification !== undefined && OF_MESSAGES.has(notification.code)) {
      expectThat(
        oracle.allowed.has(notification.code),
        `NOTIFICATION ${notification.code}/${notification.subcode} for what RFC 7606 lets no session end`,
      );
    }
    if (oracle?.isLost === true) {
      expectThat(this.#victim?.closed !== undefined, 'the session lives on though its stream cannot be read');
    }
    const { state, counters, adjRibIn } = this.#neighbor(HEALTHY.name);
    expectThat(state === 'Established', `the healthy session is ${state}`);
    expectThat(this.#healthy?.notification === undefined, 'the healthy peer was sent a NOTIFICATION');
    expectThat(counters.sent.open === 1, 'the healthy session was set up again');
    for (let number = 0; number < 10; number += 1) {
      const has = [...adjRibIn.entries(prefixKeyFromText(healthyPrefix(number)))].length > 0;
      expectThat(has === this.#healthyRoutes.has(number), `route ${number} of the healthy peer: ${has}`);
    }
    expectThat(this.#clock.pendingTimers < this.#timersAtRest + 12, `${this.#clock.pendingTimers} timers`);
  }

  /** Nothing of the victim's stays once its peer is gone for good. */
  async finish(): Promise<void> {
    this.#checkTold();
    this.#victim?.close();
    await this.#clock.advanceAsync(400_000);
    this.check();
    this.#checkTold();
    const left = [...this.#neighbor(VICTIM.name).adjRibIn.keys()].length;
    expectThat(left === 0, `${left} routes of the victim are left`);
    expectThat(this.#network.openConnections === 2, `${this.#network.openConnections} connection ends are open`);
    const { pendingTimers } = this.#clock;
    expectThat(pendingTimers <= this.#timersAtRest + 2, `${pendingTimers} timers, ${this.#timersAtRest} at rest`);
    this.#host.shutDown();
  }

  /** What the healthy peer was told, message by message, is what the speaker says that it was told. */
  #checkTold(): void {
    const told = new Set<string>();
    for (const message of this.#healthy?.received ?? []) {
      if (message.type !== 'update') continue;
      for (const block of message.update.withdrawn) for (const route of routesOf(block)) told.delete(route);
      for (const block of message.update.reachable) for (const route of routesOf(block)) told.add(route);
    }
    const advertised = this.#host
      .routes({ view: 'advertised', peer: HEALTHY.name })
      .map(({ prefix, pathId }) => routeName(prefix, pathId));
    const difference = told.symmetricDifference(new Set(advertised));
    expectThat(difference.size === 0, `told and advertised differ in ${[...difference].slice(0, 3).join(', ')}`);
  }

  #peer(peer: Peer): ScriptedPeer {
    const asNumber = this.#asNumberOf(peer);
    return new ScriptedPeer({
      transport: this.#network.transport(peer.address),
      address: SPEAKER,
      asNumber,
      routerId: peer.address,
      peerType: asNumber === OWN_AS ? 'ibgp' : 'ebgp',
      capabilities: [
        ...usualCapabilities(FAMILIES, asNumber),
        ...(peer === VICTIM ? [{ kind: 'extended-message' as const }] : []),
        ...(this.#variant.addPaths
          ? [
              {
                kind: 'add-path' as const,
                families: FAMILIES.map((family) => ({ ...FAMILY_PARAMETERS[family], direction: 'both' as const })),
              },
            ]
          : []),
      ],
    });
  }

  #asNumberOf({ asNumber }: Peer): number {
    return this.#variant.role === 'route-reflector' ? OWN_AS : asNumber;
  }

  #neighbor(name: string) {
    const neighbor = this.#host.speaker.neighbors.get(name);
    if (neighbor === undefined) throw new Error(`no neighbor ${name}`);
    return neighbor;
  }

  /** Lets what is under way arrive, in both directions. */
  async #settle(): Promise<void> {
    await this.#clock.advanceAsync(8);
  }

  async #ensureSession(): Promise<void> {
    for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += 5000) {
      const isUp = this.#neighbor(VICTIM.name).state === 'Established';
      if (isUp && this.#oracle !== undefined && this.#victim?.closed === undefined) return;
      await this.#call(new Uint8Array(0));
      if (this.#neighbor(VICTIM.name).state !== 'Established') await this.#clock.advanceAsync(5000);
    }
    throw new Error(`the victim’s session does not come up again: ${this.#neighbor(VICTIM.name).state}`);
  }

  /** `open`: said in place of a sound OPEN, if not empty. */
  async #call(open: Uint8Array): Promise<void> {
    this.check();
    const before = this.#victim;
    const victim = this.#peer(VICTIM);
    this.#oracle = undefined;
    this.#victim = victim;
    victim.connect();
    await this.#settle();
    if (open.length > 0) victim.sendOpen(open);
    else victim.sendOpen();
    await this.#settle();
    victim.sendKeepalive();
    await this.#settle();
    before?.close();
    await this.#settle();
    if (open.length > 0 || victim.closed !== undefined) return;
    if (this.#neighbor(VICTIM.name).state !== 'Established') return;
    const { families, extendedMessages, addPathSend } = victim.context;
    const maxLength = extendedMessages ? MAX_EXTENDED_MESSAGE_LENGTH : MAX_MESSAGE_LENGTH;
    this.#oracle = new ResetOracle({ families, maxLength, withPathIds: addPathSend });
  }

  async #send(octets: Uint8Array, piece: number): Promise<void> {
    this.#oracle?.push(octets);
    const size = piece === 0 ? octets.length : piece;
    for (let at = 0; at < octets.length; at += size) this.#victim?.send(octets.subarray(at, at + size));
  }

  #clear(soft: 'in' | 'out' | 'hard'): void {
    const { state } = this.#neighbor(VICTIM.name);
    if (state !== 'Established') return;
    this.#host.clear({ peer: VICTIM.name, ...(soft === 'hard' ? {} : { soft }) });
  }

  #announceHealthy(number: number, present: boolean): void {
    const pathId = this.#variant.addPaths ? '00000001' : '';
    const nlri = `${pathId}200acb00${number.toString(16).padStart(2, '0')}`;
    const attributes =
      this.#variant.role === 'route-reflector'
        ? '40010100 400200 4003040a000003 40050400000064'
        : '40010100 40020602010000fdea 4003040a000003';
    this.#healthy?.send(present ? update({ attributes, nlri }) : update({ withdrawn: nlri }));
    if (present) this.#healthyRoutes.add(number);
    else this.#healthyRoutes.delete(number);
  }
}

const ROLE_FIELDS: Readonly<Record<Variant['role'], object>> = {
  host: {},
  'route-server': { routeServerClient: true },
  'route-reflector': { routeReflectorClient: true },
};

function routesOf({ prefixes, pathIds }: NlriBlock): readonly string[] {
  return prefixes.map((key, index) => routeName(prefixKeyToText(key), pathIds?.[index]));
}

function routeName(prefix: string, pathId: number | undefined): string {
  return `${prefix} ${pathId ?? ''}`;
}

/** Codes of NOTIFICATION that answer a message; the others (timers, operator) have causes of their own. */
const OF_MESSAGES = new Set([1, 2, 3, 5, 7]);

function healthyPrefix(number: number): string {
  return `10.203.0.${number}/32`;
}

function expectThat(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
