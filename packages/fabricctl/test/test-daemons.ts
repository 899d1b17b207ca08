import {
  type AgentMethods,
  type AgentStatus,
  type BgpCaptureEvent,
  type BgpNeighborStatus,
  type BgpRouteStatus,
  type BgpWatchEvent,
  type ControlServer,
  type EndpointStatus,
  FabricError,
  type GroupCounters,
  type PacketTraceEvent,
  type PolicyShowResult,
  type SpeakerMethods,
  type SpeakerStatus,
  serveControl,
  silentLogger,
} from '@slash32/shared';

export const AGENT_STATUS: AgentStatus = {
  host: 'compute-a1',
  version: '0.1.0',
  pid: 4711,
  uptimeSeconds: 3723,
  datastore: { description: 'dir:/etc/slash32/fabric', inSync: true },
  problems: [],
  findings: [],
  endpoints: { 'waiting-for-interface': 0, programming: 0, up: 1, closed: 0, failed: 0 },
  policyGeneration: 7,
  nft: { transactions: 12, bytes: 3456, failures: 0 },
  routes: { added: 2, removed: 0 },
  driftRepairs: 1,
};

export const WEB_ENDPOINT: EndpointStatus = {
  instance: 'tenant-a/web-1',
  interface: 'tapweb1',
  mac: '52:54:00:00:00:01',
  addresses: ['203.0.113.10', '2001:db8:1::10'],
  state: 'up',
  programmingMs: 8,
};

export const WEB_POLICY: PolicyShowResult = {
  instance: 'tenant-a/web-1',
  state: 'up',
  chains: [{ name: 'ingress-list-1', rules: ['jump sg-tenant-a-web-in', 'drop'] }],
  elements: [
    { set: 'ingress', elements: ['"tapweb1" : goto ingress-list-1'] },
    { set: 'pairs4', elements: [] },
    { set: 'members4', elements: ['10.0.0.1', '10.0.0.2'], total: 900 },
  ],
};

export const SPEAKER_STATUS: SpeakerStatus = {
  host: 'compute-a1',
  version: '0.1.0',
  pid: 4712,
  uptimeSeconds: 42,
  datastore: { description: 'dir:/etc/slash32/fabric', inSync: true },
  problems: [],
  findings: [],
  asNumber: 64601,
  routerId: '192.0.2.11',
  sessions: { configured: 2, established: 2 },
  localRoutes: 2,
  learnedRoutes: 4,
  installedRoutes: 3,
};

export const TOR_A: BgpNeighborStatus = {
  peer: 'tor-a',
  address: '192.0.2.1',
  remoteAsNumber: 64901,
  localAsNumber: 64601,
  state: 'Established',
  stateSeconds: 200,
  remoteRouterId: '192.0.2.1',
  holdTimeSeconds: 90,
  keepaliveSeconds: 30,
  localCapabilities: ['multiprotocol ipv4-unicast', 'graceful-restart', 'four-octet-as'],
  remoteCapabilities: ['multiprotocol ipv4-unicast', 'four-octet-as', 'route-refresh'],
  messages: { sent: { OPEN: 1, UPDATE: 2 }, received: { OPEN: 1, UPDATE: 5 } },
  prefixes: { 'ipv4-unicast': { received: 5, accepted: 4, best: 3, advertised: 2 } },
};

export const TOR_B: BgpNeighborStatus = {
  ...TOR_A,
  peer: 'tor-b',
  address: '192.0.2.2',
  state: 'Active',
  stateSeconds: 4,
  lastDown: { at: '2026-11-25T10:00:00Z', reason: 'hold timer expired' },
  prefixes: {},
};

const route = (fields: Partial<BgpRouteStatus> & Pick<BgpRouteStatus, 'prefix'>): BgpRouteStatus => ({
  source: 'tor-a',
  nextHop: '192.0.2.1',
  asPath: '64901 64602',
  origin: 'IGP',
  communities: [],
  best: true,
  installed: true,
  stale: false,
  reason: 'only route',
  ...fields,
});

export const ROUTES: readonly BgpRouteStatus[] = [
  route({
    prefix: '10.70.0.5/32',
    asPath: '64901 64999 64602',
    best: false,
    installed: false,
    reason: 'longer AS path',
    source: 'tor-b',
    nextHop: '192.0.2.2',
  }),
  route({ prefix: '10.70.0.5/32', reason: 'shortest AS path' }),
  route({ prefix: '0.0.0.0/0', asPath: '64901', stale: true }),
  route({
    prefix: '203.0.113.10/32',
    source: 'local',
    nextHop: '0.0.0.0',
    asPath: '',
    installed: false,
    reason: 'local',
  }),
  route({
    prefix: '2001:db8:1::10/128',
    source: 'local',
    nextHop: '::',
    asPath: '',
    installed: false,
    reason: 'local',
  }),
];

/** What a test's daemons say; left out: the constants above. */
export interface AgentAnswers {
  readonly status?: AgentStatus;
  readonly endpoints?: readonly EndpointStatus[];
  readonly policies?: readonly PolicyShowResult[];
  readonly counters?: readonly GroupCounters[];
  /** What a stream of packets has before it ends. */
  readonly packets?: readonly PacketTraceEvent[];
  /** Called with what is asked of `agent.trace`. */
  readonly onTrace?: (question: object) => void;
}

export function serveAgent(path: string, answers: AgentAnswers = {}): Promise<ControlServer> {
  const policies = answers.policies ?? [WEB_POLICY];
  return serveControl<AgentMethods>(
    path,
    {
      'agent.status': () => answers.status ?? AGENT_STATUS,
      'agent.endpoints': () => answers.endpoints ?? [WEB_ENDPOINT],
      'agent.traces': () => [],
      'agent.policy': ({ instance }) => {
        const policy = policies.find((candidate) => candidate.instance === instance);
        if (policy !== undefined) return policy;
        throw new FabricError('endpoint.unknown', `no endpoint ${instance} on this host`);
      },
      'agent.counters': ({ groups }) => ({
        host: answers.status?.host ?? AGENT_STATUS.host,
        groups: groups.map(
          (group) => answers.counters?.find((some) => some.group === group) ?? { group, state: 'unused', rules: [] },
        ),
      }),
      async *'agent.trace'(question) {
        answers.onTrace?.(question);
        yield* answers.packets ?? [];
      },
    },
    { logger: silentLogger },
  );
}

export interface SpeakerAnswers {
  readonly status?: SpeakerStatus;
  readonly neighbors?: readonly BgpNeighborStatus[];
  readonly routes?: readonly BgpRouteStatus[];
  /** What streams send before they end. */
  readonly watch?: readonly BgpWatchEvent[];
  readonly capture?: readonly BgpCaptureEvent[];
  /** Base64. */
  readonly tableDump?: readonly string[];
  /** Called with what is asked, but for status and neighbors. */
  readonly onQuestion?: (method: string, question: object) => void;
}

export function serveSpeaker(path: string, answers: SpeakerAnswers = {}): Promise<ControlServer> {
  return serveControl<SpeakerMethods>(
    path,
    {
      'speaker.status': () => answers.status ?? SPEAKER_STATUS,
      'speaker.neighbors': () => answers.neighbors ?? [TOR_A, TOR_B],
      'speaker.routes': () => [],
      'speaker.route-table': async function* (question) {
        answers.onQuestion?.('speaker.route-table', question);
        const { view, peer } = question;
        yield (answers.routes ?? ROUTES)
          .filter(({ best }) => view !== 'best' || best)
          .filter(({ source }) => view === 'advertised' || peer === undefined || source === peer);
      },
      'speaker.clear': (question) => {
        answers.onQuestion?.('speaker.clear', question);
        return { peer: question.peer, done: ['asked for ipv4-unicast again'] };
      },
      'speaker.shutdown': (question) => {
        answers.onQuestion?.('speaker.shutdown', question);
        return { peer: question.peer, done: ['shut down'] };
      },
      'speaker.enable': (question) => {
        answers.onQuestion?.('speaker.enable', question);
        return { peer: question.peer, done: ['enabled'] };
      },
      async *'speaker.watch'(question) {
        answers.onQuestion?.('speaker.watch', question);
        yield* answers.watch ?? [];
      },
      async *'speaker.capture'(question) {
        answers.onQuestion?.('speaker.capture', question);
        yield* answers.capture ?? [];
      },
      async *'speaker.table-dump'() {
        for (const [prefixes, octets] of (answers.tableDump ?? []).entries()) yield { octets, prefixes };
      },
    },
    { logger: silentLogger },
  );
}
