import {
  type BGPPeer,
  bgpPeerSchema,
  type FabricConfiguration,
  fabricConfigurationSchema,
  type Host,
  hostSchema,
  type RoutePolicy,
  routePolicySchema,
} from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { EMPTY_PLAN, planPeers, type SpeakerResources } from '../../src/peers/peer-plan.ts';
import { fieldsNeedingReset } from '../../src/peers/peer-settings.ts';

const API = 'slash32.dev/v1';

function host(spec: object = {}): Host {
  return hostSchema.parse({
    apiVersion: API,
    kind: 'Host',
    metadata: { name: 'h1', labels: { rack: 'a' } },
    spec: { address: '192.0.2.1', asNumber: 64_601, ...spec },
  });
}

function configuration(spec: object = {}): FabricConfiguration {
  return fabricConfigurationSchema.parse({
    apiVersion: API,
    kind: 'FabricConfiguration',
    metadata: { name: 'default' },
    spec: { asNumber: 64_512, ...spec },
  });
}

function peer(name: string, spec: object = {}): BGPPeer {
  return bgpPeerSchema.parse({
    apiVersion: API,
    kind: 'BGPPeer',
    metadata: { name },
    spec: { hosts: 'rack == "a"', address: '192.0.2.254', asNumber: 65_000, ...spec },
  });
}

function resources(
  peers: readonly BGPPeer[],
  rest: Omit<SpeakerResources, 'peers'> = { host: host() },
): SpeakerResources {
  return { ...rest, peers: new Map(peers.map((each) => [each.metadata.name, each])) };
}

const codes = (plan: ReturnType<typeof planPeers>) => plan.findings.map(({ code }) => code);

describe('plan of peers', () => {
  it('puts BGPPeer, Host and defaults together', () => {
    const plan = planPeers('h1', resources([peer('tor')], { host: host({ address6: '2001:db8::1' }) }), EMPTY_PLAN);
    expect(plan).toMatchObject({ asNumber: 64_601, routerId: '192.0.2.1', findings: [] });
    expect(plan.peers.get('tor')).toEqual({
      name: 'tor',
      address: '192.0.2.254',
      clusterId: '192.0.2.1',
      remoteAs: [65_000],
      localAsNumber: 64_601,
      allowOwnAs: 0,
      acceptBlackhole: false,
      asPathRewrite: { asOverride: false },
      importPolicies: [{ name: 'default-import', terms: [{ match: {}, action: 'accept' }] }],
      exportPolicies: [{ name: 'default-export', terms: [{ match: {}, action: 'accept' }] }],
      maxPrefixes: {},
      routerId: '192.0.2.1',
      families: ['ipv4-unicast', 'ipv6-unicast'],
      holdTimeSeconds: 90,
      connectRetrySeconds: 5,
      passive: false,
      gracefulRestart: { restartTimeSeconds: 120, notifications: true },
      introduction: { hostname: 'h1' },
      stalePathSeconds: 360,
      hostAddress: '192.0.2.1',
      hostAddress6: '2001:db8::1',
    });
  });

  it('takes the AS number of the fabric where the host has none, and the router id that the host sets', () => {
    const rest = { host: host({ asNumber: undefined, routerId: '10.0.0.1' }), configuration: configuration() };
    expect(planPeers('h1', resources([], rest), EMPTY_PLAN)).toMatchObject({ asNumber: 64_512, routerId: '10.0.0.1' });
  });

  it('plans a range for whoever calls, which is passive and has no address', () => {
    const range = { address: undefined, range: '10.0.0.0/8', asNumber: 'external' };
    const plan = planPeers(
      'h1',
      resources([peer('tors', range), peer('more', { ...range, maxDynamicPeers: 5 })]),
      EMPTY_PLAN,
    );
    expect(plan.peers.get('more')).toMatchObject({
      address: '',
      passive: true,
      range: { prefix: '10.0.0.0/8', limit: 5 },
    });
    expect(plan.peers.has('tors')).toBe(false);
    expect(plan.findings).toMatchObject([{ code: 'bgp-peer.duplicate-address', path: 'spec.range' }]);
    expect(planPeers('h1', resources([peer('tors', range)]), EMPTY_PLAN).peers.get('tors')?.range?.limit).toBe(100);
  });

  it('warns of a router without password in a range with one', () => {
    const range = peer('tors', { address: undefined, range: '192.0.2.0/24', passwordFile: '/etc/tors' });
    const plan = planPeers('h1', resources([range, peer('own'), peer('far', { address: '198.51.100.1' })]), EMPTY_PLAN);
    expect(plan.findings).toMatchObject([{ code: 'bgp-peer.range-password', resource: 'BGPPeer/own' }]);
    const signed = peer('own', { passwordFile: '/etc/own' });
    expect(planPeers('h1', resources([range, signed]), EMPTY_PLAN).findings).toEqual([]);
  });

  it('leaves peers of other hosts out', () => {
    expect(planPeers('h1', resources([peer('other', { hosts: 'rack == "b"' })]), EMPTY_PLAN).peers.size).toBe(0);
  });

  it.each([
    ['bgp-peer.own-address', { address: '192.0.2.1' }],
    ['bgp-peer.mixed-as', { asNumber: [64_601, 65_000] }],
    ['bgp-peer.family-mismatch', { localAddress: '2001:db8::1' }],
  ])('keeps the last good settings of a peer with %s', (code, spec) => {
    const good = planPeers('h1', resources([peer('tor')]), EMPTY_PLAN);
    const plan = planPeers('h1', resources([peer('tor', spec)]), good);
    expect(codes(plan)).toEqual([code]);
    expect(plan.peers).toEqual(good.peers);
    expect(planPeers('h1', resources([peer('tor', spec)]), EMPTY_PLAN).peers.size).toBe(0);
  });

  it('keeps the first, by name, of two with one address', () => {
    const plan = planPeers('h1', resources([peer('b'), peer('a')]), EMPTY_PLAN);
    expect([...plan.peers.keys()]).toEqual(['a']);
    expect(plan.findings).toMatchObject([{ code: 'bgp-peer.duplicate-address', resource: 'BGPPeer/b' }]);
  });

  it('keeps all sessions of a host that is gone or lost its AS number, and says so', () => {
    const good = planPeers('h1', resources([peer('tor')]), EMPTY_PLAN);
    const gone = planPeers('h1', resources([peer('tor')], {}), good);
    expect(codes(gone)).toEqual(['host.unknown']);
    expect(gone.peers).toEqual(good.peers);
    const numberless = planPeers('h1', resources([peer('tor')], { host: host({ asNumber: undefined }) }), good);
    expect(codes(numberless)).toEqual(['host.no-as-number']);
    expect(numberless.peers).toEqual(good.peers);
    expect(planPeers('h1', resources([peer('tor')]), gone).findings).toEqual([]);
  });

  it('looks policies up; an unknown one closes its direction, and only that, with a finding', () => {
    const policy = (name: string, term: object): RoutePolicy =>
      routePolicySchema.parse({ apiVersion: API, kind: 'RoutePolicy', metadata: { name }, spec: { terms: [term] } });
    const metric = policy('metric', { match: { metric: { ge: 1 } }, action: 'accept' });
    const known = new Map([metric, policy('all', { action: 'accept' })].map((each) => [each.metadata.name, each]));
    const spec = { import: ['all', 'gone'], export: ['metric', 'default-export'] };
    const plan = planPeers('h1', { ...resources([peer('tor', spec)]), policies: known }, EMPTY_PLAN);
    expect(plan.peers.get('tor')).toMatchObject({
      importPolicies: [{ name: 'all' }, { name: 'gone', terms: 'unknown' }],
      exportPolicies: [{ name: 'metric', terms: metric.spec.terms }, { name: 'default-export' }],
    });
    expect(plan.findings).toEqual([
      {
        code: 'bgp-peer.unknown-policy',
        resource: 'BGPPeer/tor',
        path: 'spec.import[1]',
        severity: 'error',
        message: 'there is no RoutePolicy "gone", so no route of it is used; create it, or name another',
      },
    ]);
    const wrongWay = planPeers(
      'h1',
      { ...resources([peer('tor', { import: ['metric'], export: ['default-import'] })]), policies: known },
      EMPTY_PLAN,
    );
    expect(codes(wrongWay)).toEqual(['bgp-peer.unknown-policy', 'bgp-peer.metric-on-import']);
  });

  it('takes the built-in policies for none on eBGP sessions, if a policy is required', () => {
    const all = routePolicySchema.parse({
      apiVersion: API,
      kind: 'RoutePolicy',
      metadata: { name: 'all' },
      spec: { terms: [{ action: 'accept' }] },
    });
    const peers = [
      peer('half', { import: ['all'] }),
      peer('inside', { address: '192.0.2.253', asNumber: 'internal' }),
      peer('none', { address: '192.0.2.252' }),
      peer('whole', { address: '192.0.2.251', import: ['all'], export: ['all'] }),
    ];
    const rest = { host: host(), policies: new Map([['all', all]]) };
    const strict = configuration({ ebgpRequiresPolicy: true });
    const plan = planPeers('h1', resources(peers, { ...rest, configuration: strict }), EMPTY_PLAN);
    expect(plan.findings.map(({ code, resource, path }) => [code, resource, path])).toEqual([
      ['bgp-peer.policy-required', 'BGPPeer/half', 'spec.export[0]'],
      ['bgp-peer.policy-required', 'BGPPeer/none', 'spec.import[0]'],
      ['bgp-peer.policy-required', 'BGPPeer/none', 'spec.export[0]'],
    ]);
    const accepts = (name: string) => {
      const settings = plan.peers.get(name);
      return [settings?.importPolicies, settings?.exportPolicies].map((policies) =>
        policies?.flatMap(({ terms }) => (terms === 'unknown' ? [] : terms.map(({ action }) => action))),
      );
    };
    expect(accepts('half')).toEqual([['accept'], ['reject']]);
    expect(accepts('inside')).toEqual([['accept'], ['accept']]);
    expect(accepts('none')).toEqual([['reject'], ['reject']]);
    expect(accepts('whole')).toEqual([['accept'], ['accept']]);
    expect(planPeers('h1', resources(peers, { ...rest, configuration: configuration() }), EMPTY_PLAN).findings).toEqual(
      [],
    );
  });

  it('knows the host’s AS number where a router is told another one', () => {
    const plan = planPeers('h1', resources([peer('tor', { localAsNumber: 64_999 })]), EMPTY_PLAN);
    expect(plan.peers.get('tor')).toMatchObject({ localAsNumber: 64_999, hostAsNumber: 64_601 });
  });

  it('does not depend on the order of the resources', () => {
    const peers = [peer('c', { address: '192.0.2.3' }), peer('a'), peer('b')];
    expect(planPeers('h1', resources([...peers].reverse()), EMPTY_PLAN)).toEqual(
      planPeers('h1', resources(peers), EMPTY_PLAN),
    );
  });
});

describe('changed settings', () => {
  it('need a new session only if the wire or the identity changes', () => {
    const settings = (spec: object) => {
      const found = planPeers('h1', resources([peer('tor', spec)]), EMPTY_PLAN).peers.get('tor');
      if (found === undefined) throw new Error('no settings');
      return found;
    };
    const before = settings({});
    expect(fieldsNeedingReset(before, settings({}))).toEqual([]);
    expect(fieldsNeedingReset(before, settings({ passive: true, connectRetrySeconds: 9 }))).toEqual([]);
    const live = { import: ['x'], export: ['y'], allowOwnAs: 1, maxPrefixes: { 'ipv4-unicast': { limit: 1 } } };
    expect(fieldsNeedingReset(before, settings(live))).toEqual([]);
    expect(fieldsNeedingReset(before, settings({ families: ['ipv4-unicast'] }))).toEqual(['families']);
    expect(fieldsNeedingReset(before, settings({ localAddress: '192.0.2.1' }))).toEqual(['localAddress']);
    expect(fieldsNeedingReset(settings({ localAddress: '192.0.2.1' }), before)).toEqual(['localAddress']);
    expect(fieldsNeedingReset(before, settings({ asNumber: 65_001, holdTimeSeconds: 30 }))).toEqual([
      'remoteAs',
      'holdTimeSeconds',
    ]);
  });
});
