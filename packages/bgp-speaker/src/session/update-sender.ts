import { type BgpFamily, type Clock, hasErrorCode } from '@slash32/shared';
import {
  BGP_FAMILIES,
  type CodecContext,
  encodeEndOfRib,
  fillFrames,
  type PrefixKey,
  prefixesPerUpdate,
  prefixKeyFamily,
  reachFrame,
  type UpdateFrame,
  unreachFrame,
} from '../codec/index.ts';
import {
  type AdjRibOut,
  type AdvertisedRoute,
  BestPathRibOut,
  type ExportRoute,
  type Offer,
  type PrefixList,
} from '../rib/adj-rib-out.ts';
import { PathsRibOut } from '../rib/adj-rib-out-paths.ts';
import type { ExportPolicy } from '../rib/export-policy.ts';
import { BurstPacer } from './burst-pacer.ts';

/** The part of a connection that the sender needs. */
export interface UpdateSink {
  readonly bufferedOctets: number;
  write(octets: Uint8Array): void;
  /** Absent: the peer does not know the marks of RFC 7313. */
  readonly markRefresh?: ((family: BgpFamily, mark: 'begin' | 'end') => void) | undefined;
}

/** Above this, the peer does not keep up and changes wait in Adj-RIB-Out, where they cancel each other. */
const HIGH_WATER_OCTETS = 65_536;
/** Prefixes per round: enough to fill messages, few enough that a slow peer holds no more than some 500 KB. */
const PREFIXES_PER_ROUND = 65_536;

interface FamilyOutput {
  readonly rib: AdjRibOut;
  readonly pacer: BurstPacer;
  /** UPDATEs around prefixes that are announced with a route, made when the first is. */
  readonly frames: WeakMap<ExportRoute, UpdateFrame>;
  readonly withdrawal: UpdateFrame;
  policy: Pick<ExportPolicy, 'routeOf'> | undefined;
  endOfRib: 'not-yet' | 'due' | 'sent';
  /** Answer to a ROUTE-REFRESH: to be begun behind End-of-RIB (RFC 7313 4.1), or on its way. */
  refresh: 'none' | 'due' | 'sending';
}

/**
 * Tells one peer of routes, from Established on. The first change on an idle session goes out in the same
 * turn; while the socket is busy, changes collect and leave grouped by attributes once it takes more, and in a burst they
 * wait a moment for each other ({@link BurstPacer}).
 */
export class UpdateSender {
  readonly #sink: UpdateSink;
  readonly #context: CodecContext;
  readonly #onMessage: (count: number) => void;
  readonly #endOfRibIsHeld: () => boolean;
  readonly #onTooLong: ((count: number) => void) | undefined;
  readonly #outputs = new Map<BgpFamily, FamilyOutput>();

  constructor(options: {
    readonly sink: UpdateSink;
    readonly context: CodecContext;
    readonly clock: Clock;
    /** Called with the number of UPDATEs written. */
    readonly onMessage: (count: number) => void;
    /** True while routes of other peers are still to come back, after our restart (RFC 4724 4.1); asked at each flush. */
    readonly endOfRibIsHeld?: () => boolean;
    /** Called with the number of routes that fit no message of the peer. */
    readonly onTooLong?: (count: number) => void;
  }) {
    this.#sink = options.sink;
    this.#context = options.context;
    this.#onMessage = options.onMessage;
    this.#onTooLong = options.onTooLong;
    this.#endOfRibIsHeld = options.endOfRibIsHeld ?? (() => false);
    for (const family of BGP_FAMILIES) {
      if (!options.context.families.has(family)) continue;
      this.#outputs.set(family, {
        rib: options.context.addPathSend.has(family) ? new PathsRibOut() : new BestPathRibOut(),
        pacer: new BurstPacer(options.clock, () => this.flush()),
        frames: new WeakMap(),
        withdrawal: unreachFrame(family),
        policy: undefined,
        endOfRib: 'not-yet',
        refresh: 'none',
      });
    }
  }

  /**
   * Sets what the family's routes are announced with (`undefined`: not at all), and the routes that there are now, with
   * their metrics. The first call of a family is its initial update, which End-of-RIB follows (RFC 4724 3); later ones
   * send only what differs.
   */
  setExport(
    family: BgpFamily,
    policy: Pick<ExportPolicy, 'routeOf'> | undefined,
    localRoutes: Iterable<readonly [PrefixKey, number]>,
  ): void {
    const output = this.#outputs.get(family);
    if (output === undefined) return;
    output.policy = policy;
    for (const [key, metric] of localRoutes) {
      if (prefixKeyFamily(key) === family) offer(output, key, metric);
    }
    if (output.endOfRib === 'not-yet') output.endOfRib = 'due';
  }

  /** A local route came, or changed its metric, or went (`undefined`). {@link flush} sends it. */
  setLocal(key: PrefixKey, metric: number | undefined): void {
    const output = this.#outputs.get(prefixKeyFamily(key));
    if (output !== undefined) offer(output, key, metric);
  }

  /** All that there is to tell of a prefix, where it is more than a local route. {@link flush} sends it. */
  offer(key: PrefixKey, offers: readonly Offer[]): void {
    this.#outputs.get(prefixKeyFamily(key))?.rib.offer(key, offers);
  }

  /** The peer asked for everything again (RFC 2918). */
  refresh(family: BgpFamily): void {
    const output = this.#outputs.get(family);
    if (output === undefined) return;
    // Asked again meanwhile: all is sent from here on, and one end is for both.
    if (output.refresh === 'sending') output.rib.refresh();
    else output.refresh = 'due';
    this.flush();
  }

  /** What the peer has been told. */
  routes(family: BgpFamily): Iterable<AdvertisedRoute> {
    return this.#outputs.get(family)?.rib.routes() ?? [];
  }

  /** One of {@link routes}. */
  route(key: PrefixKey, pathId?: number): ExportRoute | undefined {
    return this.#outputs.get(prefixKeyFamily(key))?.rib.route(key, pathId);
  }

  advertised(family: BgpFamily): number {
    return this.#outputs.get(family)?.rib.advertised ?? 0;
  }

  /** Changes that wait for the socket. */
  get pending(): number {
    let sum = 0;
    for (const output of this.#outputs.values()) sum += output.rib.pending;
    return sum;
  }

  /** Writes as much as the socket takes. To be called after changes, and whenever octets have left its buffer. */
  flush(): void {
    for (const [family, output] of this.#outputs) {
      this.#drain(family, output);
      if (output.endOfRib === 'due' && output.rib.pending === 0 && !this.#endOfRibIsHeld()) {
        output.endOfRib = 'sent';
        this.#write([encodeEndOfRib(family)]);
      }
      if (output.refresh === 'due' && output.endOfRib === 'sent') {
        output.refresh = 'sending';
        this.#sink.markRefresh?.(family, 'begin');
        output.rib.refresh();
        this.#drain(family, output);
      }
      if (output.refresh === 'sending' && output.rib.pending === 0) {
        output.refresh = 'none';
        this.#sink.markRefresh?.(family, 'end');
      }
    }
  }

  /** The session ended: nothing more is written. */
  end(): void {
    for (const { pacer } of this.#outputs.values()) pacer.stop();
  }

  #drain(family: BgpFamily, output: FamilyOutput): void {
    const { rib, pacer } = output;
    const tellsAll = output.endOfRib !== 'sent' || output.refresh !== 'none';
    while (rib.pending > 0 && this.#sink.bufferedOctets < HIGH_WATER_OCTETS) {
      const admitted = tellsAll ? rib.pending : pacer.admit(rib.pending, () => this.#perMessage(family, output));
      if (admitted === 0) return;
      this.#round(family, output, Math.min(admitted, PREFIXES_PER_ROUND));
    }
  }

  /** How many of the next changes fill a message. */
  #perMessage(family: BgpFamily, output: FamilyOutput): number {
    const route = output.rib.nextRoute;
    const frame = route === undefined ? output.withdrawal : this.#frameOf(family, output, route);
    return prefixesPerUpdate(frame, family, this.#context);
  }

  #round(family: BgpFamily, output: FamilyOutput, limit: number): void {
    const { withdrawn, announced } = output.rib.take(limit);
    // Make before break: what takes the place of a withdrawn route (an address block) is there before it goes.
    for (const [route, list] of announced) this.#announce(family, output, route, list);
    if (withdrawn.prefixes.length > 0) {
      this.#write(fillFrames(output.withdrawal, { family, ...withdrawn }, this.#context));
    }
  }

  #frameOf(family: BgpFamily, { frames }: FamilyOutput, route: ExportRoute): UpdateFrame {
    let frame = frames.get(route);
    if (frame === undefined) {
      frame = reachFrame({ family, nextHop: route.nextHop }, route.attributes, this.#context);
      frames.set(route, frame);
    }
    return frame;
  }

  /** A learned route may have attributes that fit a longer message only: the peer is not to have it (RFC 8654 4). */
  #announce(family: BgpFamily, output: FamilyOutput, route: ExportRoute, list: PrefixList): void {
    try {
      this.#write(fillFrames(this.#frameOf(family, output, route), { family, ...list }, this.#context));
    } catch (error) {
      if (!hasErrorCode(error, 'bgp.encode.message-too-long')) throw error;
      output.rib.forget(list);
      this.#write(fillFrames(output.withdrawal, { family, ...list }, this.#context));
      this.#onTooLong?.(list.prefixes.length);
    }
  }

  #write(messages: Iterable<Uint8Array>): void {
    let count = 0;
    for (const message of messages) {
      this.#sink.write(message);
      count += 1;
    }
    this.#onMessage(count);
  }
}

function offer({ policy, rib }: FamilyOutput, key: PrefixKey, metric: number | undefined): void {
  rib.offerLocal(key, metric === undefined ? undefined : policy?.routeOf(key, metric));
}
