import type { BgpFamily, BgpNeighborBfd, BgpNeighborStatus, BgpSessionState } from '@slash32/shared';
import { formatCapability, lastCapability, type OpenMessage } from '../codec/index.ts';
import type { PeerSettings } from '../peers/peer-settings.ts';
import { remoteAsText } from '../peers/remote-as.ts';
import type { AdjRibIn } from '../rib/adj-rib-in.ts';
import type { MessageCounters, MessageCounts } from './message-counters.ts';
import type { NegotiatedSession } from './negotiated-session.ts';
import type { SentRoutes } from './sent-routes.ts';

/** The part of a neighbor's status that its sessions know. */
export interface SessionFacts {
  readonly state: BgpSessionState;
  readonly stateSeconds: number;
  readonly session: NegotiatedSession | undefined;
  readonly localOpen: OpenMessage;
  readonly lastDown: BgpNeighborStatus['lastDown'];
  readonly counters: MessageCounters;
}

/** What a neighbor's status is made from. */
export interface NeighborFacts extends SessionFacts {
  readonly settings: PeerSettings;
  readonly remoteAsNumber: number | undefined;
  readonly adjRibIn: AdjRibIn;
  readonly sent: SentRoutes;
  readonly peerRestarting: boolean;
  /** Seconds left. */
  readonly longLived: ReadonlyMap<BgpFamily, number>;
  readonly bfd: BgpNeighborBfd | undefined;
  readonly administration: Pick<BgpNeighborStatus, 'held' | 'draining'>;
  readonly bestPaths: (family: BgpFamily) => number;
}

export function neighborStatus(facts: NeighborFacts): BgpNeighborStatus {
  const { settings, session } = facts;
  const prefixes: { [Family in BgpFamily]?: NonNullable<BgpNeighborStatus['prefixes'][Family]> } = {};
  for (const family of settings.families) {
    const limit = settings.maxPrefixes[family]?.limit;
    prefixes[family] = {
      received: facts.adjRibIn.received(family),
      accepted: facts.adjRibIn.accepted(family),
      best: facts.bestPaths(family),
      advertised: facts.sent.advertised(family),
      ...(limit === undefined ? {} : { limit }),
      ...addPathField(session, family),
    };
  }
  return {
    peer: settings.name,
    ...dynamicField(settings),
    address: settings.address,
    ...remoteAsFields(settings, facts.remoteAsNumber),
    localAsNumber: settings.localAsNumber,
    state: facts.state,
    stateSeconds: facts.stateSeconds,
    ...(session === undefined ? {} : { remoteRouterId: session.remote.routerId, ...introductionFields(session) }),
    ...(facts.lastDown === undefined ? {} : { lastDown: facts.lastDown }),
    ...(session === undefined
      ? {}
      : { holdTimeSeconds: session.holdTimeSeconds, keepaliveSeconds: session.keepaliveSeconds }),
    localCapabilities: (session?.local ?? facts.localOpen).capabilities.map(formatCapability),
    remoteCapabilities: session === undefined ? [] : session.remote.capabilities.map(formatCapability),
    messages: { sent: countsByName(facts.counters.sent), received: countsByName(facts.counters.received) },
    prefixes,
    ...(facts.bfd === undefined ? {} : { bfd: facts.bfd }),
    policies: {
      import: settings.importPolicies.map(({ name }) => name),
      export: settings.exportPolicies.map(({ name }) => name),
    },
    ...roleField(settings, session),
    ...facts.administration,
    gracefulRestart: {
      peerRestarting: facts.peerRestarting,
      staleRoutes: facts.adjRibIn.staleRoutes(),
      ...(facts.longLived.size === 0 ? {} : { longLived: Object.fromEntries(facts.longLived) }),
    },
  };
}

function dynamicField({ bgpPeer, range }: PeerSettings): Pick<BgpNeighborStatus, 'dynamic'> {
  return bgpPeer === undefined || range === undefined ? {} : { dynamic: { peer: bgpPeer, range: range.prefix } };
}

/** The AS number as far as it is known, and what it may be where that is not one. */
export function remoteAsFields(
  settings: PeerSettings,
  remoteAsNumber: number | undefined,
): Pick<BgpNeighborStatus, 'remoteAsNumber' | 'remoteAs'> {
  return {
    ...(remoteAsNumber === undefined ? {} : { remoteAsNumber }),
    ...(typeof settings.remoteAs !== 'string' && settings.remoteAs.length === 1
      ? {}
      : { remoteAs: remoteAsText(settings) }),
  };
}

/** What the router says of itself; control characters are replaced. */
function introductionFields({
  remote: { capabilities },
}: NegotiatedSession): Pick<BgpNeighborStatus, 'remoteHostname' | 'remoteSoftware'> {
  const hostname = lastCapability(capabilities, 'hostname');
  const version = lastCapability(capabilities, 'software-version')?.version ?? '';
  const name = [hostname?.hostname ?? '', hostname?.domain ?? ''].filter((part) => part !== '').join('.');
  const shown = (text: string) => text.replaceAll(/\p{C}/gu, '�');
  return {
    ...(name === '' ? {} : { remoteHostname: shown(name) }),
    ...(version === '' ? {} : { remoteSoftware: shown(version) }),
  };
}

function roleField(
  { role: local }: PeerSettings,
  session: NegotiatedSession | undefined,
): Pick<BgpNeighborStatus, 'role'> {
  if (local === undefined) return {};
  const remote = session && lastCapability(session.remote.capabilities, 'role')?.role;
  return { role: { local, ...(remote === undefined ? {} : { remote }) } };
}

function addPathField(
  session: NegotiatedSession | undefined,
  family: BgpFamily,
): { readonly addPath?: 'receive' | 'send' | 'both' } {
  const receives = session?.context.addPathReceive.has(family) === true;
  const sends = session?.context.addPathSend.has(family) === true;
  if (receives) return { addPath: sends ? 'both' : 'receive' };
  return sends ? { addPath: 'send' } : {};
}

function countsByName(counts: MessageCounts): Readonly<Record<string, number>> {
  return {
    OPEN: counts.open,
    UPDATE: counts.update,
    NOTIFICATION: counts.notification,
    KEEPALIVE: counts.keepalive,
    'ROUTE-REFRESH': counts.routeRefresh,
  };
}
