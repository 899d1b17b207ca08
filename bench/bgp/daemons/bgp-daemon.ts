import type { Namespace } from '../../lab/namespace.ts';

/** The link that all daemons of the bench have: the daemon on one end, both wire peers on the other. */
export const DAEMON_ADDRESS = '192.0.2.11';
export const DAEMON_AS = 64_601;
export const SINK = { address: '192.0.2.1', asNumber: 64_901, daemonAddress: DAEMON_ADDRESS } as const;
export const SOURCE = { address: '192.0.2.2', asNumber: 64_902, daemonAddress: DAEMON_ADDRESS } as const;

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
}

/** A running BGP daemon under measurement, waiting for both wire peers to connect. */
export interface RunningDaemon extends AsyncDisposable {
  readonly pid: number;
  /** Number of learned routes that it has. Cheap; how cheap is the resolution of what is measured with it. */
  learned(): Promise<number>;
  /** Adds one route by the quickest way that it has, or in the kernel for those that learn from there. */
  readonly addRoute?: (prefix: string) => Promise<void>;
}

export interface BgpDaemon {
  readonly name: string;
  /** How routes that it announces come to it, and how `learned` asks. */
  readonly method: string;
  /** It has no configuration for 100,000 routes of its own; the source gives them to it. */
  readonly heldRoutesFromSource?: true;
  start(place: DaemonPlace, task: DaemonTask): Promise<RunningDaemon>;
}
