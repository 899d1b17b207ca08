import { FakeClock } from '@slash32/shared';
import {
  attributesKey,
  type BgpMessage,
  type CodecContext,
  decodeMessage,
  decodeOpen,
  type Frame,
  MESSAGE_TYPE,
  messageType,
  negotiate,
  prefixKeyToText,
} from '../../src/codec/index.ts';
import { LabHost } from '../lab/lab-host.ts';
import { MemoryNetwork } from '../lab/memory-transport.ts';
import { ScriptedPeer } from '../lab/scripted-peer.ts';
import {
  FIRST_INSTANCES,
  RECORDED_HOST,
  RECORDED_ROUTER,
  type Transcript,
  type TranscriptEntry,
} from './transcript.ts';

const PEER = 'tor';
/** For what is under way to arrive. */
const MOMENT_MS = 5;
const KEEPALIVE_MS = 1000;

/** The recorded messages of one connection, ours and the router's. */
export interface RecordedConnection {
  readonly sent: readonly Uint8Array[];
  readonly received: readonly Uint8Array[];
}

/** Plays a transcript's other end to a speaker as it runs, under a fake clock. */
export class ReplayedSession {
  readonly #clock = new FakeClock();
  readonly #network = new MemoryNetwork(this.#clock);
  readonly #host = new LabHost(this.#clock, this.#network, RECORDED_HOST);
  readonly #entries: readonly TranscriptEntry[];
  #next = 0;
  #peer: ScriptedPeer | undefined;
  readonly #connections: ScriptedPeer[] = [];

  private constructor(transcript: Transcript) {
    this.#entries = transcript.entries;
  }

  static async start(transcript: Transcript): Promise<ReplayedSession> {
    const session = new ReplayedSession(transcript);
    const host = session.#host;
    await host.prepare();
    for (const prefix of FIRST_INSTANCES) host.addInstance(prefix);
    host.addPeer(PEER, RECORDED_ROUTER.address, RECORDED_ROUTER.asNumber, { passive: true });
    await host.start();
    return session;
  }

  /** Plays until the next entry of this kind, which is left to be played. */
  async playUntil(kind: TranscriptEntry['kind']): Promise<void> {
    await this.#playWhile((entry) => entry.kind !== kind);
  }

  async playToTheEnd(): Promise<void> {
    await this.#playWhile(() => true);
  }

  /** The next entry, alone. */
  async step(): Promise<void> {
    const stop = this.#next + 1;
    await this.#playWhile(() => this.#next < stop);
  }

  /** Learned routes in the kernel. The router's link-local address is another one in each recording. */
  get learned(): readonly string[] {
    return this.#host.learned().map((route) => route.replace(/fe80::\S+/, 'link-local'));
  }

  get neighbor() {
    return this.#host.neighbor(PEER);
  }

  /** What the speaker sent in the replay, connection by connection. */
  get sent(): readonly (readonly Uint8Array[])[] {
    return this.#connections.map(({ frames }) =>
      frames.filter(({ type }) => type !== MESSAGE_TYPE.keepalive).map(({ octets }) => octets),
    );
  }

  async #playWhile(isWanted: (entry: TranscriptEntry) => boolean): Promise<void> {
    for (
      let entry = this.#entries[this.#next];
      entry !== undefined && isWanted(entry);
      entry = this.#entries[this.#next]
    ) {
      this.#next += 1;
      await this.#waitUntil(entry.atMs);
      await this.#play(entry);
      await this.#clock.advanceAsync(MOMENT_MS);
    }
  }

  /** The transcript has no KEEPALIVEs; the router sends one each second meanwhile. */
  async #waitUntil(atMs: number): Promise<void> {
    for (let left = this.#leftUntil(atMs); left > 0; left = this.#leftUntil(atMs)) {
      await this.#clock.advanceAsync(Math.min(left, KEEPALIVE_MS));
      if (this.#peer?.closed === undefined) this.#peer?.sendKeepalive();
    }
  }

  #leftUntil(atMs: number): number {
    return atMs - this.#clock.monotonicMs();
  }

  async #play(entry: TranscriptEntry): Promise<void> {
    switch (entry.kind) {
      case 'message':
        if (entry.direction === 'received') await this.#say(Buffer.from(entry.octets, 'hex'));
        return;
      case 'instance':
        if (entry.present) this.#host.addInstance(entry.prefix);
        else await this.#host.removeInstance(entry.prefix);
        return;
      case 'refresh':
        this.#host.clear({ peer: PEER, soft: 'in' });
        return;
      case 'closed':
        this.#peer?.close();
        return;
      case 'shutdown':
        this.#host.shutdownPeer({ peer: PEER, reason: entry.reason });
        return;
    }
  }

  async #say(octets: Uint8Array): Promise<void> {
    if (messageType(octets) !== MESSAGE_TYPE.open) {
      this.#peer?.send(octets);
      return;
    }
    const open = decodeOpen(octets);
    if (!open.ok) throw new Error(open.reason);
    const { routerId, capabilities } = open.value;
    const peer = new ScriptedPeer({
      transport: this.#network.transport(RECORDED_ROUTER.address),
      address: RECORDED_HOST.address,
      asNumber: RECORDED_ROUTER.asNumber,
      routerId,
      peerType: 'ebgp',
      capabilities,
    });
    this.#peer = peer;
    this.#connections.push(peer);
    peer.connect();
    await this.#clock.advanceAsync(MOMENT_MS);
    peer.sendOpen(octets);
    peer.sendKeepalive();
  }
}

/** A transcript's messages, connection by connection: each begins with our OPEN. */
export function recordedConnections({ entries }: Transcript): readonly RecordedConnection[] {
  const connections: { sent: Uint8Array[]; received: Uint8Array[] }[] = [];
  for (const entry of entries) {
    if (entry.kind !== 'message') continue;
    const octets = Buffer.from(entry.octets, 'hex');
    if (entry.direction === 'sent' && messageType(octets) === MESSAGE_TYPE.open) {
      connections.push({ sent: [], received: [] });
    }
    connections.at(-1)?.[entry.direction].push(octets);
  }
  // One that never had an answer was lost in a collision, or called a router that was not there.
  return connections.filter(({ received }) => received.length > 0);
}

/**
 * What messages of a speaker say, sorted: packing and the order of routes within an exchange are no matter. Interface
 * identifiers of link-local next hops are left out, since they belong to the machine that recorded.
 */
export function statements(messages: readonly Uint8Array[], heardOpen: Uint8Array): readonly string[] {
  const context = contextBetween(messages[0] ?? new Uint8Array(0), heardOpen);
  return messages
    .flatMap((octets) => {
      const frame: Frame = { type: messageType(octets), octets };
      const decoded = decodeMessage(frame, context);
      if (!decoded.ok) throw new Error(decoded.reason);
      return statementsOf(decoded.value);
    })
    .toSorted();
}

/** The capabilities of an OPEN, one text each. */
export function offers(open: Uint8Array): readonly string[] {
  const decoded = decodeOpen(open);
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.value.capabilities.map((capability) => JSON.stringify(capability));
}

function contextBetween(ours: Uint8Array, theirs: Uint8Array): CodecContext {
  const [local, remote] = [decodeOpen(ours), decodeOpen(theirs)];
  if (!local.ok || !remote.ok) throw new Error('a connection begins with two OPENs');
  return negotiate(local.value, remote.value, 'ebgp');
}

function statementsOf(message: BgpMessage): readonly string[] {
  switch (message.type) {
    case 'open': {
      // Capabilities are compared by themselves: see `offers`.
      const { capabilities: _, ...open } = message.open;
      return [`OPEN ${JSON.stringify(open)}`];
    }
    case 'notification': {
      const { code, subcode, data } = message.notification;
      return [`NOTIFICATION ${code}/${subcode} ${Buffer.from(data).toString('hex')}`];
    }
    case 'route-refresh':
      return [`ROUTE-REFRESH ${message.routeRefresh.family} ${message.routeRefresh.subtype}`];
    case 'keepalive':
      return [];
    case 'update': {
      const { endOfRib, withdrawn, reachable, attributes } = message.update;
      const key = Buffer.from(attributesKey(attributes), 'latin1').toString('hex');
      return [
        ...(endOfRib === undefined ? [] : [`End-of-RIB ${endOfRib}`]),
        ...withdrawn.flatMap(({ prefixes }) => prefixes.map((prefix) => `- ${prefixKeyToText(prefix)}`)),
        ...reachable.flatMap(({ prefixes, nextHop }) =>
          prefixes.map((prefix) => `+ ${prefixKeyToText(prefix)} via ${nextHop.address} ${key}`),
        ),
      ];
    }
  }
}
