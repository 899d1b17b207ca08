import { type Clock, FabricError } from '@slash32/shared';
import { BfdEngine } from '../../src/bfd/bfd-engine.ts';
import type { BfdSessionStatus } from '../../src/bfd/bfd-status.ts';
import type { BfdArrival, BfdTransport } from '../../src/bfd/bfd-transport.ts';

/** Statuses of one session of an engine, oldest first. */
export interface BfdHistory {
  readonly atMs: number;
  readonly status: BfdSessionStatus;
}

/** A link that loses and delays packets, between engines of one process under their clock. */
export class MemoryBfdLink {
  /** Probability of loss. */
  loss = 0;
  /** Packets take 0.1 ms to this long, and may overtake each other. */
  maxDelayMs = 0.1;
  /** Nothing arrives from these addresses. */
  readonly silenced = new Set<string>();
  /** Sending fails at these addresses. */
  readonly broken = new Set<string>();
  hopLimit = 255;
  /** All packets sent: when, from whom. */
  readonly sent: { readonly atMs: number; readonly from: string; readonly octets: Uint8Array }[] = [];
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #receivers = new Map<string, (arrival: BfdArrival) => void>();

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** An engine at this address; `history` gets what it reports of session 1. */
  engine(address: string, history: BfdHistory[]): BfdEngine {
    return new BfdEngine({
      clock: this.#clock,
      random: this.#random,
      openTransport: (onArrival) => {
        this.#receivers.set(address, onArrival);
        return this.#transport(address);
      },
      onStatus: (id, status) => {
        if (id === 1) history.push({ atMs: this.#clock.monotonicMs(), status });
      },
    });
  }

  /** Delivers octets as if they came from `from`, at once. */
  inject(to: string, arrival: BfdArrival): void {
    this.#receivers.get(to)?.(arrival);
  }

  #transport(address: string): BfdTransport {
    return {
      open: ({ remoteAddress, multihop }) => ({
        interfaceIndex: 0,
        send: (octets) => {
          if (this.broken.has(address)) throw new FabricError('udp.failed', 'network is unreachable');
          this.sent.push({ atMs: this.#clock.monotonicMs(), from: address, octets });
          if (this.silenced.has(address) || this.#random() < this.loss) return;
          this.#clock.schedule(0.1 + this.#random() * (this.maxDelayMs - 0.1), () =>
            this.inject(remoteAddress, { octets, remoteAddress: address, hopLimit: this.hopLimit, multihop }),
          );
        },
        close: () => undefined,
      }),
      drain: () => undefined,
      close: () => void this.#receivers.delete(address),
    };
  }
}
