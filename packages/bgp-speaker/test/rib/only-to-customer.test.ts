import { describe, expect, it } from 'vitest';
import { BGP_ROLES, type BgpRole, prefixKeyFromText } from '../../src/codec/index.ts';
import { NO_BLOCKS } from '../../src/rib/address-blocks.ts';
import { ExportPolicy, ExportRouteTable } from '../../src/rib/export-policy.ts';
import { importPolicy } from '../../src/rib/import-policy.ts';
import { NO_LINK_RULES } from '../../src/rib/link-rules.ts';
import { makePath } from '../../src/rib/path.ts';
import { PolicyChain } from '../../src/rib/route-policy.ts';
import { attributes, source } from '../lab/paths.ts';

const FAMILY = 'ipv4-unicast';
const LOCAL_AS = 64_601;
const REMOTE_AS = 65_000;
const OTHER_AS = 65_099;
const KEY = prefixKeyFromText('198.51.100.0/24');
const CHAIN = new PolicyChain([{ name: 'p', terms: [{ match: {}, action: 'accept' }] }]);

/** What becomes of a route of the router: its OTC afterwards, or `leak`. */
function imported(role: BgpRole | undefined, onlyToCustomer: number | undefined): number | undefined | 'leak' {
  const policy = importPolicy({
    ownAsNumbers: [LOCAL_AS],
    allowOwnAs: 0,
    localRouterId: '192.0.2.1',
    clusterId: '192.0.2.1',
    isOwnAddress: () => false,
    links: NO_LINK_RULES,
    acceptBlackhole: false,
    chain: CHAIN,
    draining: false,
    remoteAsNumber: REMOTE_AS,
    ...(role === undefined ? {} : { role }),
  });
  const received = attributes([REMOTE_AS], onlyToCustomer === undefined ? {} : { onlyToCustomer });
  const verdict = policy.forRoute(FAMILY, received, { address: '192.0.2.254' })(KEY);
  if (verdict.rejection === undefined) return verdict.attributes.onlyToCustomer;
  expect(verdict.rejection).toMatch(
    /^route leak: AS \d+ sent it to customers only, and the router is .* \(RFC 9234\)$/,
  );
  return 'leak';
}

function exporter(role: BgpRole | undefined): ExportPolicy {
  return new ExportPolicy(
    {
      family: FAMILY,
      recipient: {
        name: 'to',
        type: 'ebgp',
        client: 'server',
        extendedNextHop: false,
        longLived: false,
        ...(role === undefined ? {} : { role }),
      },
      localAsNumber: LOCAL_AS,
      routerId: '192.0.2.1',
      clusterId: '192.0.2.1',
      nextHop: { address: '192.0.2.1' },
      blocks: NO_BLOCKS,
      chain: CHAIN,
      draining: false,
    },
    new ExportRouteTable(),
  );
}

/** The OTC that a learned route goes on with, or `kept`. */
function passedOn(role: BgpRole | undefined, onlyToCustomer: number | undefined): number | undefined | 'kept' {
  const path = makePath({
    source: source('from', { client: 'server' }),
    attributes: attributes([REMOTE_AS], onlyToCustomer === undefined ? {} : { onlyToCustomer }),
    nextHop: { address: '192.0.2.254' },
  });
  const [offer] = exporter(role).offers(KEY, [path], undefined);
  return offer === undefined ? 'kept' : offer.route.attributes.onlyToCustomer;
}

describe('ONLY_TO_CUSTOMER (RFC 9234 section 5), by our role towards the router', () => {
  it.each<[BgpRole | undefined, ReturnType<typeof imported>[]]>([
    // without OTC, with the router's AS, with another AS
    [undefined, [undefined, REMOTE_AS, OTHER_AS]],
    ['customer', [REMOTE_AS, REMOTE_AS, OTHER_AS]],
    ['route-server-client', [REMOTE_AS, REMOTE_AS, OTHER_AS]],
    ['peer', [REMOTE_AS, REMOTE_AS, 'leak']],
    ['provider', [undefined, 'leak', 'leak']],
    ['route-server', [undefined, 'leak', 'leak']],
  ])('received as %s', (role, outcomes) => {
    expect([undefined, REMOTE_AS, OTHER_AS].map((value) => imported(role, value))).toEqual(outcomes);
  });

  it.each<[BgpRole | undefined, ReturnType<typeof passedOn>[]]>([
    // without OTC, with one
    [undefined, [undefined, OTHER_AS]],
    ['customer', [undefined, 'kept']],
    ['route-server-client', [undefined, 'kept']],
    ['peer', [LOCAL_AS, 'kept']],
    ['provider', [LOCAL_AS, OTHER_AS]],
    ['route-server', [LOCAL_AS, OTHER_AS]],
  ])('passed on as %s', (role, outcomes) => {
    expect([undefined, OTHER_AS].map((value) => passedOn(role, value))).toEqual(outcomes);
  });

  it.each([...BGP_ROLES, undefined])('of our own routes as %s', (role) => {
    const marks = role === 'provider' || role === 'peer' || role === 'route-server';
    expect(exporter(role).routeOf(KEY, 0)?.attributes.onlyToCustomer).toBe(marks ? LOCAL_AS : undefined);
  });

  it('says why a marked route stays here', () => {
    const path = makePath({
      source: source('from', { client: 'server' }),
      attributes: attributes([REMOTE_AS], { onlyToCustomer: OTHER_AS }),
      nextHop: { address: '192.0.2.254' },
    });
    expect(exporter('peer').explain(KEY, path)).toMatchObject({
      accepted: false,
      decidedBy: 'it is for customers only (RFC 9234)',
    });
  });
});
