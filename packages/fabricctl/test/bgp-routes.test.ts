import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestFabric } from './command-run.ts';
import { ROUTES, SPEAKER_STATUS, serveSpeaker, TOR_A, TOR_B } from './test-daemons.ts';

const lines = (text: string): readonly string[] => text.trimEnd().split('\n');

describe('bgp and routes', () => {
  let fabric: TestFabric;
  const cleanUp = new AsyncDisposableStack();

  beforeAll(async () => {
    fabric = cleanUp.use(await TestFabric.create());
    cleanUp.use(await serveSpeaker(fabric.at('speaker.sock')));
    cleanUp.use(
      await serveSpeaker(fabric.at('second.sock'), {
        status: { ...SPEAKER_STATUS, host: 'compute-b1' },
        neighbors: [TOR_A],
        routes: [],
      }),
    );
  });
  afterAll(() => cleanUp.disposeAsync());

  it('lists sessions, one a line, with the reason of the last reset', async () => {
    const { code, out } = await fabric.run(['bgp', 'neighbors']);
    expect(code).toBe(0);
    expect(lines(out)).toEqual([
      'HOST         PEER    ADDRESS        AS   STATE         SINCE   ACCEPTED   ADVERTISED   LAST DOWN',
      'compute-a1   tor-a   192.0.2.1   64901   Established   3m20s        4/-          2/-   -',
      'compute-a1   tor-b   192.0.2.2   64901   Active           4s        -/-          -/-   2026-11-25T10:00:00Z: hold timer expired',
    ]);
  });

  it('shows everything about one, and what only one side can do', async () => {
    const { code, out } = await fabric.run(['bgp', 'neighbors', 'tor-a']);
    expect(code).toBe(0);
    expect(lines(out)).toEqual([
      'Peer:          tor-a (on compute-a1)',
      'Address:       192.0.2.1',
      'AS:            64901 (local 64601)',
      'State:         Established for 3m20s',
      'Router ID:     192.0.2.1',
      'Hold time:     90s, keepalive 30s',
      'Capabilities:  multiprotocol ipv4-unicast, four-octet-as',
      'Only ours:     graceful-restart',
      'Only theirs:   route-refresh',
      'Sent:          1 OPEN, 2 UPDATE',
      'Received:      1 OPEN, 5 UPDATE',
      'ipv4-unicast:  5 received, 4 accepted, 3 best, 2 advertised',
    ]);
  });

  it('shows BFD where there is any', async () => {
    const bfd = {
      state: 'Up',
      remoteState: 'Up',
      detectionMs: 300,
      transmitMs: 100,
      multihop: false,
      lastDown: { at: '2026-11-25T09:00:00Z', reason: 'Control Detection Time Expired' },
      packets: { sent: 50, received: 49, discarded: 0, hopLimitDiscarded: 2 },
    } as const;
    await using _speaker = await serveSpeaker(fabric.at('bfd.sock'), {
      neighbors: [
        { ...TOR_A, bfd },
        { ...TOR_B, bfd: { ...bfd, state: 'Down', remoteState: 'AdminDown', multihop: true, problem: 'no route' } },
      ],
    });
    const socket = ['--speaker-socket', fabric.at('bfd.sock')];
    const summary = lines((await fabric.run(['bgp', 'neighbors', ...socket])).out);
    expect(summary.map((line) => line.split(/ {2,}/)[6])).toEqual(['BFD', 'Up', 'Down']);
    const detail = async (peer: string) =>
      lines((await fabric.run(['bgp', 'neighbors', peer, ...socket])).out).filter((line) => line.startsWith('BFD'));
    expect(await detail('tor-a')).toEqual([
      'BFD:            Up (router Up), single hop, detection 300ms, sent every 100ms',
      'BFD packets:    50 sent, 49 received, 2 from more than one hop away',
      'BFD last down:  2026-11-25T09:00:00Z: Control Detection Time Expired',
    ]);
    expect(await detail('tor-b')).toEqual([
      expect.stringContaining('Down (router AdminDown), multihop'),
      expect.stringContaining('50 sent'),
      expect.stringContaining('2026-11-25T09:00:00Z'),
      'BFD problem:    no route',
    ]);
  });

  it('finds a peer by address, and names the peers there are if it cannot', async () => {
    expect((await fabric.run(['bgp', 'neigh', '192.0.2.2', '-o', 'json'])).out).toContain('"peer": "tor-b"');
    expect(await fabric.run(['bgp', 'neighbors', 'tor-x'])).toEqual({
      code: 4,
      out: '',
      err: 'error: there is no BGP session with "tor-x"; this host has tor-a, tor-b\n',
    });
  });

  it('answers with its exit code when asked', async () => {
    expect((await fabric.run(['bgp', 'neighbors', 'tor-a', '--exit-code'])).code).toBe(0);
    expect((await fabric.run(['bgp', 'neighbors', '--exit-code'])).code).toBe(1);
  });

  it('asks several speakers, shows those that answer, and says which does not', async () => {
    const sockets = ['speaker.sock', 'second.sock', 'gone.sock'].flatMap((name) => [
      '--speaker-socket',
      fabric.at(name),
    ]);
    const { code, out, err } = await fabric.run(['bgp', 'neighbors', ...sockets]);
    expect(code).toBe(4);
    expect(lines(out).map((line) => line.split(/ +/).slice(0, 2))).toEqual([
      ['HOST', 'PEER'],
      ['compute-a1', 'tor-a'],
      ['compute-a1', 'tor-b'],
      ['compute-b1', 'tor-a'],
    ]);
    expect(err).toMatch(/^warning: bgp-speaker: .*gone\.sock.*is it running.*\n$/);
  });

  it('is one line and exit code 4 if nobody answers', async () => {
    const { code, out, err } = await fabric.run(['routes', '--speaker-socket', fabric.at('gone.sock')]);
    expect({ code, out }).toEqual({ code: 4, out: '' });
    expect(err).toMatch(/^error: bgp-speaker: no daemon answers on .*gone\.sock.*--speaker-socket names another\)\n$/);
  });

  it('lists routes by prefix, the best first, and says why', async () => {
    const { code, out } = await fabric.run(['routes']);
    expect(code).toBe(0);
    expect(lines(out)).toEqual([
      'FLAGS   PREFIX               NEXT HOP    SOURCE   AS PATH             WHY',
      '*KS     0.0.0.0/0            192.0.2.1   tor-a    64901               only route',
      '*K      10.70.0.5/32         192.0.2.1   tor-a    64901 64602         shortest AS path',
      '        10.70.0.5/32         192.0.2.2   tor-b    64901 64999 64602   longer AS path',
      '*       203.0.113.10/32      0.0.0.0     local    -                   local',
      '*       2001:db8:1::10/128   ::          local    -                   local',
    ]);
  });

  it.each([
    ['10.70.0.5', ['10.70.0.5/32', '10.70.0.5/32']],
    ['10.99.0.1', ['0.0.0.0/0']],
    ['203.0.0.0/8', ['203.0.113.10/32']],
    ['2001:db8:1::10', ['2001:db8:1::10/128']],
  ])('looks up %s', async (wanted, prefixes) => {
    const { out } = await fabric.run(['routes', wanted, '-o', 'json']);
    expect(JSON.parse(out).map(({ prefix }: { prefix: string }) => prefix)).toEqual(prefixes);
  });

  it('says that there is no route, and answers so with --exit-code', async () => {
    const { code, out } = await fabric.run(['routes', '2001:db8:9::1', '--exit-code']);
    expect({ code, out }).toEqual({ code: 1, out: 'No route to 2001:db8:9::1.\n' });
  });

  it('points at a best route that the kernel lacks', async () => {
    await using server = await serveSpeaker(fabric.at('drift.sock'), {
      routes: ROUTES.map((route) => ({ ...route, installed: false })),
    });
    const { code, out } = await fabric.run([
      'routes',
      '10.70.0.5',
      '--best',
      '--exit-code',
      '--speaker-socket',
      server.path,
    ]);
    expect(code).toBe(1);
    expect(lines(out)[1]).toBe(
      '*!      10.70.0.5/32   192.0.2.1   tor-a    64901 64602   shortest AS path; NOT in the kernel',
    );
  });

  it.each([
    [['--received', '--source', 'tor-a'], { view: 'received', peer: 'tor-a' }],
    [['--accepted'], { view: 'accepted' }],
    [['--best'], { view: 'best' }],
    [['--advertised', 'tor-b'], { view: 'advertised', peer: 'tor-b' }],
    [['--withheld', 'tor-b'], { view: 'withheld', peer: 'tor-b' }],
    [['--source', 'local'], { peer: 'local' }],
    [[], {}],
  ])('asks for the stage: bgp routes %s', async (words, asked) => {
    const questions: object[] = [];
    await using server = await serveSpeaker(fabric.at('stages.sock'), {
      onQuestion: (_method, question) => questions.push(question),
    });
    expect((await fabric.run(['bgp', 'routes', ...words, '--speaker-socket', server.path])).code).toBe(0);
    expect(questions).toEqual([asked]);
  });

  it('shows the policy that decided with --why, and refuses two stages at once', async () => {
    await using server = await serveSpeaker(fabric.at('why.sock'), {
      routes: ROUTES.map((route) => ({ ...route, policy: 'policy in, term 2' })),
    });
    const { out } = await fabric.run(['bgp', 'routes', '10.99.0.1', '--why', '--speaker-socket', server.path]);
    expect(lines(out)).toEqual([
      'FLAGS   PREFIX      NEXT HOP    SOURCE   AS PATH   POLICY              WHY',
      '*KS     0.0.0.0/0   192.0.2.1   tor-a    64901     policy in, term 2   only route',
    ]);
    expect((await fabric.run(['routes', '--received', '--best'])).code).toBe(2);
  });

  it('shows roles, and what was agreed on of ADD-PATH', async () => {
    const prefixes = { 'ipv4-unicast': { received: 5, accepted: 4, best: 3, advertised: 2, addPath: 'both' as const } };
    await using server = await serveSpeaker(fabric.at('roles.sock'), {
      neighbors: [{ ...TOR_A, prefixes, role: { local: 'customer', remote: 'provider' } }],
    });
    const { out } = await fabric.run(['bgp', 'neighbors', 'tor-a', '--speaker-socket', server.path]);
    expect(out).toMatch(/ipv4-unicast: +5 received, 4 accepted, 3 best, 2 advertised; ADD-PATH both ways\n/);
    expect(out).toMatch(/Role: +customer \(the router is provider\)\n/);
  });

  it('shows Path Identifiers and marks only where there are any', async () => {
    await using server = await serveSpeaker(fabric.at('paths.sock'), {
      routes: ROUTES.slice(0, 2).map((route, index) => ({ ...route, pathId: 7 + index, onlyToCustomer: 64_901 })),
    });
    const { out } = await fabric.run(['bgp', 'routes', '10.70.0.5', '--why', '--speaker-socket', server.path]);
    expect(lines(out)).toEqual([
      'FLAGS   PREFIX         PATH ID   NEXT HOP    SOURCE   AS PATH             ONLY TO CUSTOMER   POLICY   WHY',
      '*K      10.70.0.5/32   8         192.0.2.1   tor-a    64901 64602         64901              -        shortest AS path',
      '        10.70.0.5/32   7         192.0.2.2   tor-b    64901 64999 64602   64901              -        longer AS path',
    ]);
  });

  it('refuses what is no prefix', async () => {
    expect(await fabric.run(['routes', '10.0.0.0/40'])).toEqual({
      code: 3,
      out: '',
      err: 'error: "10.0.0.0/40" is neither an address nor a prefix; write 203.0.113.10 or 10.70.0.0/16\n',
    });
  });

  it('prints JSON errors where JSON is asked for', async () => {
    const { err } = await fabric.run(['bgp', 'neighbors', 'tor-x', '-o', 'json']);
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'bgp.unknown-peer', details: { peer: 'tor-x' } } });
  });

  it.each([
    [['clear', 'tor-a'], 'speaker.clear', { peer: 'tor-a' }, 'asked for ipv4-unicast again'],
    [
      ['clear', 'tor-a', '--soft', 'in'],
      'speaker.clear',
      { peer: 'tor-a', soft: 'in' },
      'asked for ipv4-unicast again',
    ],
    [['shutdown', 'tor-a'], 'speaker.shutdown', { peer: 'tor-a', drainSeconds: 0 }, 'shut down'],
    [
      ['shutdown', 'tor-a', '--graceful', '--reason', 'new card'],
      'speaker.shutdown',
      { peer: 'tor-a', drainSeconds: 30, reason: 'new card' },
      'shut down',
    ],
    [['shutdown', 'tor-a', '--graceful', '5'], 'speaker.shutdown', { peer: 'tor-a', drainSeconds: 5 }, 'shut down'],
    [['enable', 'tor-a'], 'speaker.enable', { peer: 'tor-a' }, 'enabled'],
  ])('acts on a session: bgp %s', async (words, method, params, done) => {
    const questions: [string, object][] = [];
    await using server = await serveSpeaker(fabric.at('act.sock'), {
      onQuestion: (...question) => questions.push(question),
    });
    const { code, out } = await fabric.run(['bgp', ...words, '--speaker-socket', server.path]);
    expect({ code, out }).toEqual({ code: 0, out: `tor-a (on compute-a1): ${done}\n` });
    expect(questions).toEqual([[method, params]]);
    const json = await fabric.run(['bgp', ...words, '-o', 'json', '--speaker-socket', server.path]);
    expect(JSON.parse(json.out)).toEqual([{ host: 'compute-a1', peer: 'tor-a', done: [done] }]);
  });

  it('acts on every session of a host with --all, and wants either that or a name', async () => {
    const questions: object[] = [];
    await using server = await serveSpeaker(fabric.at('all.sock'), {
      onQuestion: (_method, question) => questions.push(question),
    });
    const run = (...words: string[]) => fabric.run(['bgp', 'shutdown', ...words, '--speaker-socket', server.path]);
    expect((await run('--all', '--graceful', '9')).out).toBe(
      'tor-a (on compute-a1): shut down\ntor-b (on compute-a1): shut down\n',
    );
    expect(questions).toEqual([
      { peer: 'tor-a', drainSeconds: 9 },
      { peer: 'tor-b', drainSeconds: 9 },
    ]);
    const refusal = { code: 2, out: '', err: 'error: which session? name a peer, or give --all\n' };
    expect(await run()).toEqual(refusal);
    expect(await run('tor-a', '--all')).toEqual(refusal);
  });

  it('refuses a time that is none, and a direction that is none', async () => {
    expect(await fabric.run(['bgp', 'shutdown', 'tor-a', '--graceful', 'soon'])).toMatchObject({
      code: 2,
      err: 'error: --graceful "soon" is no time; give 1 to 86400 seconds\n',
    });
    expect((await fabric.run(['bgp', 'clear', 'tor-a', '--soft', 'up'])).code).toBe(2);
  });

  it('says why a session is held, its limits and its policies', async () => {
    await using server = await serveSpeaker(fabric.at('held.sock'), {
      neighbors: [
        {
          ...TOR_A,
          state: 'Idle',
          prefixes: { 'ipv4-unicast': { received: 0, accepted: 0, best: 0, advertised: 0, limit: 100 } },
          policies: { import: ['prefer-a', 'default-import'], export: ['default-export'] },
          held: {
            cause: 'max-prefixes',
            reason: '101 prefixes of ipv4-unicast, the limit is 100',
            resumesInSeconds: 240,
          },
        },
      ],
    });
    const summary = await fabric.run(['bgp', 'neighbors', '--speaker-socket', server.path]);
    expect(summary.out).toContain('   Idle (too many prefixes)   ');
    const { out } = await fabric.run(['bgp', 'neighbors', 'tor-a', '--speaker-socket', server.path]);
    expect(lines(out).filter((line) => /^(Held|ipv4|Import|Export)/.test(line))).toEqual([
      'Held:          too many prefixes: 101 prefixes of ipv4-unicast, the limit is 100; tried again in 4m00s',
      'ipv4-unicast:  0 of at most 100 received, 0 accepted, 0 best, 0 advertised',
      'Import:        prefer-a, default-import',
      'Export:        default-export',
    ]);
  });
});
