import type { Kernel, SignatureCounters } from '@slash32/linux';
import type { Clock, Logger } from '@slash32/shared';
import type { BfdSessions } from '../bfd/bfd-service.ts';
import type { AdmittedPeer, Transport, UnprotectedPeers } from '../session/transport.ts';

export interface SpeakerOptions {
  /** Name of the Host that this machine is. */
  readonly host: string;
  readonly kernel: Kernel;
  readonly clock: Clock;
  /** Evenly distributed in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly transport: Transport;
  /** Up to `limit` octets of a password file. */
  readonly readFile: (path: string, limit: number) => Promise<Uint8Array>;
  /** Absent: the kernel does not tell. */
  readonly signatureCounters?: () => Promise<SignatureCounters | undefined>;
  /** Called with all peers before any of them is added, changed or removed. */
  readonly admit?: (peers: readonly AdmittedPeer[]) => UnprotectedPeers;
  /** Absent: no BFD, whatever peers are configured with. */
  readonly bfd?: BfdSessions;
  /** TCP port of all peers: 179, but for tests. */
  readonly port: number;
  /** False: learned routes stay in Loc-RIB, and the kernel's are not touched. True if left out. */
  readonly installRoutes?: boolean;
  /** Called with the time from a kernel notification to the UPDATEs being written, where there were any sessions. */
  readonly onAnnounced?: (durationMs: number) => void;
}
