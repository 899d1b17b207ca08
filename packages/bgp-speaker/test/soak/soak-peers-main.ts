/** All peers of the soak, as one program, driven over node's IPC channel (soak-peers-messages.ts). Argument: settings, JSON. */
import type { PrefixKey } from '../../src/codec/index.ts';
import { SoakPeer } from './soak-peer.ts';
import type { SoakPeersCommand, SoakPeersReport, SoakPeersSettings } from './soak-peers-messages.ts';
import { localRoutes, peerAddress, peerAsNumber, peerRoutes, SPEAKER_ADDRESS, seededRandom } from './soak-plan.ts';

const TICK_MS = 100;
/** Of all peers in a second: this share drops its session, flaps routes, stops to read. */
const DROPS_PER_SECOND = 0.04;
const FLAPS_PER_SECOND = 0.1;
const STALLS_PER_SECOND = 0.01;
const FLAPPING_ROUTES = 200;
const LONGEST_PAUSE_MS = 2000;

const settings = JSON.parse(process.argv[2] ?? '') as SoakPeersSettings;
const random = seededRandom(settings.seed);
const local = new Set(localRoutes(settings));
const peers = Array.from(
  { length: settings.peers },
  (_, index) =>
    new SoakPeer(
      {
        address: peerAddress(index),
        asNumber: peerAsNumber(index),
        speakerAddress: SPEAKER_ADDRESS,
        port: 179,
        // Every other peer restarts gracefully, of these every other for too long.
        restartTimeSeconds: index % 2 === 0 ? 0 : index % 4 === 1 ? 120 : 1,
      },
      peerRoutes(index, settings),
    ),
);
const counts = { droppedSessions: 0, flappedRoutes: 0, stalls: 0 };
/** What is out of order at present, and the way back. */
const repairs = new Map<SoakPeer, () => void>();
let flapping: NodeJS.Timeout | undefined;

/** Until a moment in the next seconds, or until all is to be calm. */
function forAWhile(peer: SoakPeer, repair: () => void): void {
  const timer = setTimeout(() => repairs.get(peer)?.(), random() * LONGEST_PAUSE_MS);
  repairs.set(peer, () => {
    clearTimeout(timer);
    repairs.delete(peer);
    repair();
  });
}

function flapRoutes(peer: SoakPeer): void {
  const start = Math.floor(random() * peer.routes.length);
  const prefixes: readonly PrefixKey[] = peer.routes.slice(start, start + FLAPPING_ROUTES);
  counts.flappedRoutes += prefixes.length;
  peer.withdraw(prefixes);
  // Half of them come back at once, with other attributes.
  if (random() < 0.5) peer.announce(prefixes);
  else forAWhile(peer, () => peer.announce(prefixes));
}

function tick(): void {
  for (const peer of peers) {
    if (!peer.isUp || repairs.has(peer)) continue;
    const dice = (random() * 1000) / TICK_MS;
    if (dice < DROPS_PER_SECOND) {
      counts.droppedSessions += 1;
      peer.drop();
      forAWhile(peer, () => peer.call());
    } else if (dice < DROPS_PER_SECOND + FLAPS_PER_SECOND) {
      flapRoutes(peer);
    } else if (dice < DROPS_PER_SECOND + FLAPS_PER_SECOND + STALLS_PER_SECOND) {
      counts.stalls += 1;
      peer.stall(true);
      forAWhile(peer, () => peer.stall(false));
    }
  }
}

function report(): SoakPeersReport {
  const up = peers.filter(({ isUp }) => isUp);
  return {
    up: up.length,
    complete: up.filter(({ told }) => told.size === local.size && told.isSubsetOf(local)).length,
    ...counts,
    unexpected: peers.flatMap(({ settings: { address }, unexpected }) =>
      unexpected.map((what) => `${address}: ${what}`),
    ),
  };
}

process.on('message', (command: SoakPeersCommand) => {
  switch (command.op) {
    case 'flap':
      flapping ??= setInterval(tick, TICK_MS);
      return;
    case 'calm':
      clearInterval(flapping);
      flapping = undefined;
      for (const repair of [...repairs.values()]) repair();
      return;
    case 'report':
      process.send?.(report());
      return;
  }
});
for (const peer of peers) peer.call();
