import type { Namespace } from '../../lab/namespace.ts';
import type { WirePeerSettings } from '../wire-peer-messages.ts';

/** The link that all daemons of the bench have: the daemon on one end, both wire peers on the other. */
export const DAEMON_ADDRESS = '192.0.2.11';
export const DAEMON_AS = 64_601;
/** Announces to nobody and counts what it is told; the first of the receivers. */
export const SINK = { address: '192.0.2.1', asNumber: 64_901, daemonAddress: DAEMON_ADDRESS } as const;
/** Announces a table. */
export const SOURCE = { address: '192.0.2.2', asNumber: 64_902, daemonAddress: DAEMON_ADDRESS } as const;

/** How long a main thread is blocked. */
export const BLOCKED_MS = 2000;
/** All use three of them. */
export const BFD_INTERVAL_MS = 50;

/** All that may be there besides the source. */
export const RECEIVERS: readonly WirePeerSettings[] = [
  SINK,
  ...[3, 4, 5].map((host) => ({
    address: `192.0.2.${host}`,
    asNumber: 64_900 + host,
    daemonAddress: DAEMON_ADDRESS,
  })),
];

/** Where it runs and puts its files. */
export interface DaemonPlace {
  readonly namespace: Namespace;
  readonly directory: string;
}

/** What it has to do. */
export interface DaemonTask {
  /** /32s that it holds and announces from the start. */
  readonly holds: readonly string[];
  /** Put what it learns into the kernel. */
  readonly installs: boolean;
  /** How many of {@link RECEIVERS} it has as peers; 1 if left out. */
  readonly receivers?: number;
  /** It tells the receivers what it learned from the source. Daemons that do so anyway need not look at it. */
  readonly relays?: boolean;
  /** Instead of receivers and source. */
  readonly peers?: readonly WirePeerSettings[];
  /** BFD with all peers, 3 × {@link BFD_INTERVAL_MS}. */
  readonly bfd?: boolean;
  /** It announces what appears in the kernel's table. Daemons that do so anyway need not look at it. */
  readonly learnsFromKernel?: boolean;
}

/** A running BGP daemon under measurement, waiting for both wire peers to connect. */
export interface RunningDaemon extends AsyncDisposable {
  readonly pid: number;
  /** All its processes, `pid` among them. */
  readonly processes: readonly number[];
  /** Number of learned routes that it has. Cheap; how cheap is the resolution of what is measured with it. */
  learned(): Promise<number>;
  /** Nothing runs on its main thread for {@link BLOCKED_MS}; those that have no other thread do not know it. */
  readonly blockMainThread?: () => void;
  /** Adds one route with the daemon's own tool; resolves to the moment before that was started, wall-clock milliseconds. */
  readonly addRoute?: (prefix: string) => Promise<number>;
}

export interface BgpDaemon {
  readonly name: string;
  /** How routes that it announces come to it, and how `learned` asks. */
  readonly method: string;
  /** It can announce what appears in the kernel's table. */
  readonly learnsFromKernel?: true;
  /** What {@link RunningDaemon.addRoute} does, for people: `gobgp global rib add`. */
  readonly tool?: string;
  /** It has no configuration for 100,000 routes of its own; the source gives them to it. */
  readonly heldRoutesFromSource?: true;
  start(place: DaemonPlace, task: DaemonTask): Promise<RunningDaemon>;
}

/** The BGP peers that a daemon is configured with: the receivers, and the source last. */
export function peersOf({ receivers = 1, peers }: DaemonTask): readonly WirePeerSettings[] {
  return peers ?? [...RECEIVERS.slice(0, receivers), SOURCE];
}
