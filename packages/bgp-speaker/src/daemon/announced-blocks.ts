import { formatIpPrefix, parseIpAddress, parseIpPrefix, type ResourceFinding } from '@slash32/shared';
import { type PrefixKey, prefixKeyFromText } from '../codec/index.ts';
import { BlockRoutes } from '../kernel-sync/block-routes.ts';
import type { PlannedBlock } from '../peers/block-plan.ts';
import { blockRemainder } from '../peers/block-remainder.ts';
import { AddressBlocks, blockMetric, NO_BLOCKS } from '../rib/address-blocks.ts';
import type { LocRib } from '../rib/loc-rib.ts';
import type { Neighbor } from '../session/neighbor.ts';
import type { SpeakerOptions } from './speaker-options.ts';

/** What a change of blocks changes elsewhere. */
export interface BlockSurroundings {
  readonly locRib: LocRib;
  readonly neighbors: () => Iterable<Neighbor>;
  /** The candidates of a prefix changed. */
  readonly decideAgain: (key: PrefixKey) => void;
}

/** The address blocks that are announced as a whole: planned, backed by the kernel, in Loc-RIB, told to the neighbors. */
export class AnnouncedBlocks {
  readonly #around: BlockSurroundings;
  readonly #routes: BlockRoutes;
  #current: AddressBlocks = NO_BLOCKS;

  constructor({ kernel, clock, random, logger, host, installRoutes }: SpeakerOptions, surroundings: BlockSurroundings) {
    this.#around = surroundings;
    this.#routes = new BlockRoutes({
      routes: kernel.routes,
      addresses: kernel.addresses,
      clock,
      random,
      logger,
      enabled: installRoutes !== false,
      host,
      onChange: (active) => this.#become(active),
    });
  }

  get current(): AddressBlocks {
    return this.#current;
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#routes.start(signal);
  }

  want(blocks: readonly PlannedBlock[]): void {
    this.#routes.want(
      new Map(
        blocks.map(({ prefix, elsewhere }) => {
          const unused = blockRemainder(parseIpPrefix(prefix), elsewhere.map(parseIpAddress));
          return [prefixKeyFromText(prefix), unused.map((part) => prefixKeyFromText(formatIpPrefix(part)))];
        }),
      ),
    );
  }

  findings(): readonly ResourceFinding[] {
    return this.#routes.findings();
  }

  /** What takes the place of what goes is told first, either way. */
  #become(active: ReadonlySet<PrefixKey>): void {
    const { locRib, neighbors, decideAgain } = this.#around;
    const gone = [...this.#current.keys()].filter((key) => !active.has(key));
    this.#current = new AddressBlocks(active);
    for (const key of [...active, ...gone]) {
      if (locRib.setLocal(key, active.has(key) ? blockMetric(key) : undefined)) decideAgain(key);
    }
    for (const neighbor of neighbors()) {
      neighbor.blocksChanged();
      for (const key of gone) neighbor.setLocal(key, undefined);
      neighbor.flush();
    }
  }
}
