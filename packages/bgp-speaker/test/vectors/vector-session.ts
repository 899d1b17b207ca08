import { type BgpFamily, FakeClock } from '@slash32/shared';
import {
  BGP_FAMILIES,
  type Capability,
  FAMILY_PARAMETERS,
  type NotificationMessage,
  packUpdates,
  prefixKeyFamily,
  prefixKeyFromText,
} from '../../src/codec/index.ts';
import type { Path } from '../../src/rib/path.ts';
import { LabHost } from '../lab/lab-host.ts';
import { MemoryNetwork } from '../lab/memory-transport.ts';
import { ScriptedPeer, usualCapabilities } from '../lab/scripted-peer.ts';
import type { Vector } from './vector.ts';

/** What a whole speaker did with the message of a row. */
export interface SpeakerReaction {
  /** What it sent; absent: none. */
  readonly notification: NotificationMessage | undefined;
  readonly isSessionUp: boolean;
  /** By prefix of the row: its route, as the message left it; absent: there is none. */
  readonly routes: ReadonlyMap<string, Path | undefined>;
}

/** MULTI_EXIT_DISC of the routes that the row's message finds. */
export const EARLIER_MED = 424_242;

const SPEAKER = '10.0.0.1';
const PEER = '10.0.0.2';

/**
 * A speaker as it runs, on a fake kernel and clock, and a peer that says what the row has it say: in place of its OPEN,
 * or once the session is up. Its prefixes have routes by then, so that one that is withdrawn can be told from one that
 * is ignored.
 */
export async function playVector(vector: Vector): Promise<SpeakerReaction> {
  const clock = new FakeClock();
  const network = new MemoryNetwork(clock);
  const { session } = vector;
  const host = new LabHost(clock, network, {
    name: 'h1',
    address: SPEAKER,
    address6: '2001:db8::ffff',
    asNumber: session.localAs ?? 64_512,
  });
  await host.prepare();
  const families = BGP_FAMILIES.filter((family) => session.families.includes(family));
  host.addPeer('peer', PEER, session.peerAs, {
    passive: true,
    families,
    ...(session.addPath ? { addPaths: { receive: true } } : {}),
  });
  await host.start();
  const peer = new ScriptedPeer({
    transport: network.transport(PEER),
    address: SPEAKER,
    asNumber: session.peerAs,
    routerId: PEER,
    peerType: session.type,
    capabilities: capabilitiesOf(vector, families),
  });
  peer.connect();
  await clock.advanceAsync(10);
  if (vector.phase !== 'open') {
    peer.sendOpen();
    peer.sendKeepalive();
    await clock.advanceAsync(10);
    if (host.neighbor('peer').state !== 'Established') throw new Error(`${vector.id}: the session does not come up`);
    announceEarlier(peer, vector);
    await clock.advanceAsync(10);
  }
  peer.send(Buffer.from(vector.hex, 'hex'));
  await clock.advanceAsync(10);
  const { adjRibIn } = host.speaker.neighbors.get('peer') ?? {};
  const routes = new Map(
    vector.nlri.map((prefix) => [prefix, pathOf(adjRibIn?.entries(prefixKeyFromText(prefix)) ?? [])] as const),
  );
  const isSessionUp =
    peer.closed === undefined && (vector.phase === 'open' || host.neighbor('peer').state === 'Established');
  return { notification: peer.notification, isSessionUp, routes };
}

/** Of several paths, one that the message brought. */
function pathOf(entries: readonly { readonly path: Path }[]): Path | undefined {
  return entries.map(({ path }) => path).toSorted((left, right) => rank(left) - rank(right))[0];
}

function rank({ received }: Path): number {
  return received.med === EARLIER_MED ? 1 : 0;
}

function capabilitiesOf({ session }: Vector, families: readonly BgpFamily[]): readonly Capability[] {
  return [
    ...usualCapabilities(families, session.as4 ? session.peerAs : undefined),
    ...(session.addPath ? [addPathOf(families)] : []),
    ...(session.extendedMessages === true ? [{ kind: 'extended-message' as const }] : []),
  ];
}

function addPathOf(families: readonly BgpFamily[]): Capability {
  return {
    kind: 'add-path',
    families: families.map((family) => ({ ...FAMILY_PARAMETERS[family], direction: 'send' })),
  };
}

/** The Path Identifier of earlier routes, and of the rows' own. */
const PATH_ID = 1;

function announceEarlier(peer: ScriptedPeer, vector: Vector): void {
  for (const text of vector.nlri) {
    const key = prefixKeyFromText(text);
    const family = prefixKeyFamily(key);
    if (!peer.context.families.has(family)) continue;
    const pathIds = vector.session.addPath ? { pathIds: [PATH_ID] } : {};
    const nextHop = { address: family === 'ipv4-unicast' ? PEER : '2001:db8::1' };
    const attributes = {
      origin: 'incomplete' as const,
      asPath: vector.session.type === 'ibgp' ? [] : [{ type: 'sequence' as const, asNumbers: [vector.session.peerAs] }],
      med: EARLIER_MED,
      ...(vector.session.type === 'ibgp' ? { localPref: 100 } : {}),
    };
    for (const octets of packUpdates({ family, prefixes: [key], ...pathIds, nextHop }, attributes, peer.context))
      peer.send(octets);
  }
}
