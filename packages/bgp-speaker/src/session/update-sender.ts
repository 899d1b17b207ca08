import type { BgpFamily } from '@slash32/shared';
import {
  BGP_FAMILIES,
  type CodecContext,
  encodeEndOfRib,
  type PrefixKey,
  packUpdates,
  packWithdrawals,
  prefixKeyFamily,
} from '../codec/index.ts';
import { AdjRibOut, type ExportRoute } from '../rib/adj-rib-out.ts';

/** The part of a connection that the sender needs. */
export interface UpdateSink {
  readonly bufferedOctets: number;
  write(octets: Uint8Array): void;
}

/** Above this, the peer does not keep up and changes wait in Adj-RIB-Out, where they cancel each other. */
const HIGH_WATER_OCTETS = 65_536;
/** Prefixes per round: enough to fill messages, few enough that a slow peer holds no more than some 500 KB. */
const PREFIXES_PER_ROUND = 65_536;

interface FamilyOutput {
  readonly rib: AdjRibOut;
  route: ExportRoute | undefined;
  endOfRib: 'not-yet' | 'due' | 'sent';
}

/**
 * Tells one peer of the local routes, from Established on. The first change on an idle session goes out in the same
 * turn; while the socket is busy, changes collect and leave grouped by attributes once it takes more.
 */
export class UpdateSender {
  readonly #sink: UpdateSink;
  readonly #context: CodecContext;
  readonly #onMessage: (count: number) => void;
  readonly #outputs = new Map<BgpFamily, FamilyOutput>();

  constructor(options: {
    readonly sink: UpdateSink;
    readonly context: CodecContext;
    /** Called with the number of UPDATEs written. */
    readonly onMessage: (count: number) => void;
  }) {
    this.#sink = options.sink;
    this.#context = options.context;
    this.#onMessage = options.onMessage;
    for (const family of BGP_FAMILIES) {
      if (!options.context.families.has(family)) continue;
      this.#outputs.set(family, { rib: new AdjRibOut(), route: undefined, endOfRib: 'not-yet' });
    }
  }

  /**
   * Sets what the family's routes are announced with (`undefined`: not at all), and the routes that there are now. The
   * first call of a family is its initial update, which End-of-RIB follows (RFC 4724 3).
   */
  setExport(family: BgpFamily, route: ExportRoute | undefined, localPrefixes: Iterable<PrefixKey>): void {
    const output = this.#outputs.get(family);
    if (output === undefined) return;
    output.route = route;
    for (const key of localPrefixes) {
      if (prefixKeyFamily(key) !== family) continue;
      if (route === undefined) output.rib.withdraw(key);
      else output.rib.announce(key, route);
    }
    if (output.endOfRib === 'not-yet') output.endOfRib = 'due';
  }

  /** A local route came (`present`) or went. {@link flush} sends it. */
  setLocal(key: PrefixKey, present: boolean): void {
    const output = this.#outputs.get(prefixKeyFamily(key));
    if (output === undefined) return;
    if (present && output.route !== undefined) output.rib.announce(key, output.route);
    else output.rib.withdraw(key);
  }

  /** The peer asked for everything again (RFC 2918). */
  refresh(family: BgpFamily): void {
    this.#outputs.get(family)?.rib.refresh();
    this.flush();
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
      while (output.rib.pending > 0 && this.#sink.bufferedOctets < HIGH_WATER_OCTETS) this.#round(family, output.rib);
      if (output.endOfRib === 'due' && output.rib.pending === 0) {
        output.endOfRib = 'sent';
        this.#write([encodeEndOfRib(family)]);
      }
    }
  }

  #round(family: BgpFamily, rib: AdjRibOut): void {
    const { withdrawn, announced } = rib.take(PREFIXES_PER_ROUND);
    if (withdrawn.length > 0) this.#write(packWithdrawals({ family, prefixes: withdrawn }, this.#context));
    for (const [route, prefixes] of announced) {
      this.#write(packUpdates({ family, prefixes, nextHop: route.nextHop }, route.attributes, this.#context));
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
