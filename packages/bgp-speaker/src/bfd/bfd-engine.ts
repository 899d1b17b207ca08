import type { Clock, Timer } from '@slash32/shared';
import { BfdCounters } from './bfd-counters.ts';
import { decodeBfdPacket } from './bfd-packet.ts';
import type { BfdTimers } from './bfd-session-state.ts';
import type { BfdSessionStatus } from './bfd-status.ts';
import { BFD_HOP_LIMIT, type BfdArrival, type BfdEndpoint, type BfdTransport } from './bfd-transport.ts';
import { RunningSession } from './running-session.ts';

export interface BfdEngineDependencies {
  readonly clock: Clock;
  /** Evenly distributed in [0, 1). */
  readonly random: () => number;
  readonly openTransport: (onArrival: (arrival: BfdArrival) => void) => BfdTransport;
  readonly onStatus: (id: number, status: BfdSessionStatus) => void;
}

/** A session that says goodbye. */
interface Farewell {
  readonly session: RunningSession;
  timer: Timer | undefined;
}

/** All sessions of a host, found by discriminator or, before it is known, by address (RFC 5880 6.8.6, RFC 5881 3). */
export class BfdEngine implements Disposable {
  readonly #deps: BfdEngineDependencies;
  readonly #transport: BfdTransport;
  readonly #sessions = new Map<number, RunningSession>();
  readonly #byDiscriminator = new Map<number, RunningSession>();
  readonly #farewells = new Set<Farewell>();

  constructor(dependencies: BfdEngineDependencies) {
    this.#deps = dependencies;
    this.#transport = dependencies.openTransport((arrival) => this.#receive(arrival));
  }

  /** `id`: the caller's, new. */
  add(id: number, endpoint: BfdEndpoint, timers: BfdTimers, counters = new BfdCounters()): void {
    // Goodbyes of a former session with the same system would take the new one down at the other end.
    for (const farewell of this.#farewells) {
      const { remoteAddress, device } = farewell.session.endpoint;
      if (remoteAddress === endpoint.remoteAddress && device === endpoint.device) this.#endFarewell(farewell);
    }
    const session = new RunningSession(endpoint, this.#newDiscriminator(), timers, {
      clock: this.#deps.clock,
      random: this.#deps.random,
      transport: this.#transport,
      counters,
      onStatus: (status) => {
        if (this.#sessions.get(id) === session) this.#deps.onStatus(id, status);
      },
    });
    this.#sessions.set(id, session);
    this.#byDiscriminator.set(session.localDiscriminator, session);
    session.start();
  }

  configure(id: number, timers: BfdTimers): void {
    this.#sessions.get(id)?.configure(timers);
  }

  /** Ends it as AdminDown, said `repetitions` times at the rate of the session, so that one lost packet does not matter. */
  remove(id: number, repetitions = 3): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    const paceMs = session.transmitIntervalMs;
    session.disable();
    const farewell: Farewell = { session, timer: undefined };
    this.#farewells.add(farewell);
    this.#repeatFarewell(farewell, paceMs, repetitions - 1);
  }

  /** All sessions say AdminDown once and end: for a speaker that stops. */
  [Symbol.dispose](): void {
    for (const id of [...this.#sessions.keys()]) this.remove(id, 1);
    for (const farewell of this.#farewells) this.#endFarewell(farewell);
    this.#transport.close();
  }

  #repeatFarewell(farewell: Farewell, paceMs: number, left: number): void {
    if (left <= 0) {
      this.#endFarewell(farewell);
      return;
    }
    farewell.timer = this.#deps.clock.schedule(paceMs, () => {
      farewell.session.repeat();
      this.#repeatFarewell(farewell, paceMs, left - 1);
    });
  }

  #endFarewell(farewell: Farewell): void {
    farewell.timer?.cancel();
    farewell.session.close();
    this.#byDiscriminator.delete(farewell.session.localDiscriminator);
    this.#farewells.delete(farewell);
  }

  #receive(arrival: BfdArrival): void {
    // Before anything else of the packet is looked at: only a neighbour on the link can send it with 255.
    if (!arrival.multihop && arrival.hopLimit !== BFD_HOP_LIMIT) {
      this.#findByAddress(arrival)?.counters.increment('hopLimitDiscarded');
      return;
    }
    const decoding = decodeBfdPacket(arrival.octets);
    if (!decoding.ok) {
      this.#findByAddress(arrival)?.counters.increment('discarded');
      return;
    }
    const { packet } = decoding;
    const session =
      packet.yourDiscriminator === 0
        ? this.#findByAddress(arrival)
        : this.#byDiscriminator.get(packet.yourDiscriminator);
    if (session === undefined || session.endpoint.multihop !== arrival.multihop) {
      this.#findByAddress(arrival)?.counters.increment('discarded');
      return;
    }
    session.receive(packet);
  }

  #findByAddress(arrival: BfdArrival): RunningSession | undefined {
    for (const session of this.#sessions.values()) {
      const { endpoint, interfaceIndex } = session;
      if (endpoint.remoteAddress !== arrival.remoteAddress || endpoint.multihop !== arrival.multihop) continue;
      if (endpoint.localAddress !== undefined && endpoint.localAddress !== arrival.localAddress) continue;
      if (interfaceIndex !== 0 && interfaceIndex !== arrival.interfaceIndex) continue;
      return session;
    }
    return undefined;
  }

  /** Not 0, unique here, and not to be guessed from outside of the link. */
  #newDiscriminator(): number {
    for (;;) {
      const candidate = Math.floor(this.#deps.random() * 0x1_0000_0000);
      if (candidate !== 0 && !this.#byDiscriminator.has(candidate)) return candidate;
    }
  }
}
