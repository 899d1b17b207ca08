import type { TcpProtection } from '@slash32/linux';
import type { BgpFamily, Clock, Logger } from '@slash32/shared';
import type { BfdSessions } from '../bfd/bfd-service.ts';
import type { PrefixKey } from '../codec/index.ts';
import type { DownReason } from '../fsm/fsm-action.ts';
import type { ObserverHub } from '../observe/observer-hub.ts';
import type { AddressBlocks } from '../rib/address-blocks.ts';
import type { LinkRules } from '../rib/link-rules.ts';
import type { LocRib } from '../rib/loc-rib.ts';
import type { LocalNextHops, NextHopQuestion } from './local-next-hops.ts';
import type { RestartState } from './local-open.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import type { Transport } from './transport.ts';

/** What a neighbor needs of its speaker. */
export interface NeighborDependencies {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly transport: Transport;
  /** TCP port of all peers: 179, but for tests. */
  readonly port: number;
  /** Of all connections of this peer; another one takes a new Neighbor. */
  readonly protection: TcpProtection;
  readonly restart: RestartState;
  readonly links: LinkRules;
  readonly findNextHops: (question: NextHopQuestion) => Promise<LocalNextHops>;
  readonly locRib: Pick<LocRib, 'localRoutes' | 'routes' | 'route' | 'usable'>;
  /** True if learned routes may go to the peer, too. */
  readonly passesOn: () => boolean;
  /** Those that are announced as a whole, each a local route. */
  readonly blocks: () => AddressBlocks;
  /** Absent: no BFD. */
  readonly bfd?: BfdSessions;
  readonly observers: ObserverHub;
}

/** What a neighbor tells its speaker. */
export interface NeighborObserver {
  /** The candidates of this prefix changed. `pathId`: with ADD-PATH, which of them. */
  onRouteChanged(key: PrefixKey, pathId?: number): void;
  /** The session is up, the peer's initial routes are still to come. */
  onUp(session: NegotiatedSession): void;
  onDown(reason: DownReason, routesKept: boolean): void;
  onEndOfRib(family: BgpFamily): void;
}
