import type { BfdCounts } from '../../src/bfd/bfd-counters.ts';
import type { BfdSessionHandle, BfdSessionSettings, BfdSessions, BfdStatusReport } from '../../src/bfd/bfd-service.ts';
import type { BfdTimers } from '../../src/bfd/bfd-session-state.ts';

interface FakeSession {
  readonly settings: BfdSessionSettings;
  readonly onStatus: (status: BfdStatusReport, previous: BfdStatusReport | undefined) => void;
  status: BfdStatusReport | undefined;
  removed: boolean;
}

/** BFD whose outcomes the test decides. */
export class FakeBfd implements BfdSessions {
  readonly sessions: FakeSession[] = [];
  /** Timers that running sessions were told. */
  readonly configured: BfdTimers[] = [];
  failure: string | undefined;
  counts: BfdCounts = { sent: 4, received: 3, discarded: 2, hopLimitDiscarded: 1, sendErrors: 0 };

  add(settings: BfdSessionSettings, onStatus: FakeSession['onStatus']): BfdSessionHandle {
    const session: FakeSession = { settings, onStatus, status: undefined, removed: false };
    this.sessions.push(session);
    return {
      get status() {
        return session.status;
      },
      counts: this.counts,
      configure: (timers) => void this.configured.push(timers),
      remove: () => {
        session.removed = true;
      },
    };
  }

  /** Sessions that were added and not removed. */
  get running(): readonly FakeSession[] {
    return this.sessions.filter(({ removed }) => !removed);
  }

  /** The latest session reports this. */
  report(status: Partial<BfdStatusReport> & Pick<BfdStatusReport, 'state'>): void {
    const session = this.running.at(-1);
    if (session === undefined) throw new Error('no BFD session is running');
    const previous = session.status;
    session.status = {
      remoteState: status.state,
      localDiagnostic: 'No Diagnostic',
      remoteDiagnostic: 'No Diagnostic',
      remoteControlPlaneIndependent: false,
      atMs: Date.UTC(2026, 0, 1),
      ...status,
    };
    session.onStatus(session.status, previous);
  }
}
