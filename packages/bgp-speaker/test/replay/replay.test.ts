import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { offers, ReplayedSession, recordedConnections, statements } from './replayed-session.ts';
import { SHUTDOWN_REASON, TRANSCRIPT_NAMES, type Transcript, type TranscriptName } from './transcript.ts';

const DEFAULT4 = '0.0.0.0/0 via 192.0.2.254';
const DEFAULT6 = '::/0 via 2001:db8:a::fe';
/** BIRD and FRR give their link-local address as well, and it is the one to send to. */
const LINK_LOCAL_DEFAULT6 = '::/0 via link-local';

/** What the router's routes in the kernel must be: with the session up, after its daemon was killed, and once it is back. */
const ROUTES: Readonly<Record<TranscriptName, Readonly<Record<'up' | 'away' | 'back', readonly string[]>>>> = {
  bird: {
    up: [DEFAULT4, LINK_LOCAL_DEFAULT6],
    away: [DEFAULT4, LINK_LOCAL_DEFAULT6],
    back: [DEFAULT4, LINK_LOCAL_DEFAULT6],
  },
  frr: {
    up: [DEFAULT4, LINK_LOCAL_DEFAULT6],
    away: [DEFAULT4, LINK_LOCAL_DEFAULT6],
    back: [DEFAULT4, LINK_LOCAL_DEFAULT6],
  },
  gobgp: { up: [DEFAULT4, DEFAULT6], away: [DEFAULT4, DEFAULT6], back: [DEFAULT4, DEFAULT6] },
  // Its next hop for IPv6 is ::1, and its capability says that nothing survives it.
  openbgpd: { up: [DEFAULT4], away: [], back: [DEFAULT4] },
};

function readTranscript(name: TranscriptName): Transcript {
  return JSON.parse(readFileSync(new URL(`./transcripts/${name}.json`, import.meta.url), 'utf8'));
}

describe.each(TRANSCRIPT_NAMES)('a session recorded with %s, played again', (name) => {
  const transcript = readTranscript(name);

  it(`ends in the same routes and says the same (${transcript.router})`, async () => {
    const session = await ReplayedSession.start(transcript);
    await session.playUntil('closed');
    expect(session.neighbor).toMatchObject({ state: 'Established', remoteAsNumber: 65_000 });
    expect(session.learned).toEqual(ROUTES[name].up);
    await session.step();
    expect(session.neighbor.state).not.toBe('Established');
    expect(session.learned).toEqual(ROUTES[name].away);
    await session.playUntil('shutdown');
    expect(session.neighbor).toMatchObject({
      state: 'Established',
      gracefulRestart: { peerRestarting: false, staleRoutes: 0 },
    });
    expect(session.learned).toEqual(ROUTES[name].back);
    await session.playToTheEnd();
    expect(session.learned).toEqual([]);
    expect(session.neighbor).toMatchObject({
      state: 'Idle',
      lastDown: { reason: expect.stringContaining(SHUTDOWN_REASON) },
    });

    const recorded = recordedConnections(transcript);
    expect(session.sent).toHaveLength(recorded.length);
    for (const [index, { sent, received }] of recorded.entries()) {
      const heardOpen = received[0] ?? new Uint8Array(0);
      const said = session.sent[index] ?? [];
      expect(statements(said, heardOpen)).toEqual(statements(sent, heardOpen));
      // It may have learned to offer more since.
      expect(offers(said[0] ?? new Uint8Array(0))).toEqual(expect.arrayContaining([...offers(sent[0] ?? heardOpen)]));
    }
  });
});
