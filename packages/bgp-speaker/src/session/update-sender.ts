import type { BgpFamily, Clock } from '@slash32/shared';
import {
  BGP_FAMILIES,
  type CodecContext,
  encodeEndOfRib,
  type NlriBlock,
  type PrefixKey,
  packUpdates,
  packWithdrawals,
  prefixesPerUpdate,
  prefixKeyFamily,
} from '../codec/index.ts';
import { AdjRibOut, type ExportRoute } from '../rib/adj-rib-out.ts';
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

/** With ADD-PATH (RFC 7911): a prefix of ours has one path. */
const ONLY_PATH_ID = 1;
/** Some that fit a message of any session and family. */
const WITHDRAWALS_PER_MESSAGE = 200;

interface FamilyOutput {
  readonly rib: AdjRibOut;
  readonly pacer: BurstPacer;
  /** What fills an UPDATE with the attributes of a route. */
  readonly capacities: WeakMap<ExportRoute, number>;
  policy: Pick<ExportPolicy, 'routeOf'> | undefined;
  endOfRib: 'not-yet' | 'due' | 'sent';
  /** Answer to a ROUTE-REFRESH: to be begun behind End-of-RIB (RFC 7313 4.1), or on its way. */
  refresh: 'none' | 'due' | 'sending';
}

/**
 * Tells one peer of the local routes, from Established on. The first change on an idle session goes out in the same
 * turn; while the socket is busy, changes collect and leave grouped by attributes once it takes more, and in a burst they
 * wait a moment for each other ({@link BurstPacer}).
 */
export class UpdateSender {
  readonly #sink: UpdateSink;
  readonly #context: CodecContext;
  readonly #onMessage: (count: number) => void;
  readonly #outputs = new Map<BgpFamily, FamilyOutput>();

  constructor(options: {
    readonly sink: UpdateSink;
    readonly context: CodecContext;
    readonly clock: Clock;
    /** Called with the number of UPDATEs written. */
    readonly onMessage: (count: number) => void;
  }) {
    this.#sink = options.sink;
    this.#context = options.context;
    this.#onMessage = options.onMessage;
    for (const family of BGP_FAMILIES) {
      if (!options.context.families.has(family)) continue;
      this.#outputs.set(family, {
        rib: new AdjRibOut(),
        pacer: new BurstPacer(options.clock, () => this.flush()),
        capacities: new WeakMap(),
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
  routes(family: BgpFamily): ReadonlyMap<PrefixKey, ExportRoute> {
    return this.#outputs.get(family)?.rib.routes() ?? new Map();
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
      if (output.endOfRib === 'due' && output.rib.pending === 0) {
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
      const admitted = tellsAll ? rib.pending : pacer.admit(rib.pending, this.#perMessage(family, output));
      if (admitted === 0) return;
      this.#round(family, rib, Math.min(admitted, PREFIXES_PER_ROUND));
    }
  }

  #perMessage(family: BgpFamily, { rib, capacities }: FamilyOutput): number {
    const route = rib.nextRoute;
    if (route === undefined) return WITHDRAWALS_PER_MESSAGE;
    let capacity = capacities.get(route);
    if (capacity === undefined) {
      capacity = prefixesPerUpdate({ family, nextHop: route.nextHop }, route.attributes, this.#context);
      capacities.set(route, capacity);
    }
    return capacity;
  }

  #round(family: BgpFamily, rib: AdjRibOut, limit: number): void {
    const { withdrawn, announced } = rib.take(limit);
    const block = (prefixes: readonly PrefixKey[]): NlriBlock =>
      this.#context.addPathSend.has(family)
        ? { family, prefixes, pathIds: prefixes.map(() => ONLY_PATH_ID) }
        : { family, prefixes };
    if (withdrawn.length > 0) this.#write(packWithdrawals(block(withdrawn), this.#context));
    for (const [route, prefixes] of announced) {
      this.#write(packUpdates({ ...block(prefixes), nextHop: route.nextHop }, route.attributes, this.#context));
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
  const route = metric === undefined ? undefined : policy?.routeOf(key, metric);
  if (route === undefined) rib.withdraw(key);
  else rib.announce(key, route);
}
