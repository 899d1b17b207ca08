import type { BgpNeighborStatus } from '@slash32/shared';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestFabric } from './command-run.ts';
import { SAMPLE } from './sample-manifests.ts';
import {
  AGENT_STATUS,
  type AgentAnswers,
  SPEAKER_STATUS,
  type SpeakerAnswers,
  serveAgent,
  serveSpeaker,
  TOR_A,
  TOR_B,
  WEB_ENDPOINT,
} from './test-daemons.ts';

let fabric: TestFabric;
let cleanUp: AsyncDisposableStack;
beforeEach(async () => {
  cleanUp = new AsyncDisposableStack();
  fabric = cleanUp.use(await TestFabric.create(SAMPLE));
});
afterEach(() => cleanUp.disposeAsync());

/** Daemons that read the test's datastore and say they are well, but for what is given. */
async function serveDaemons(agent: AgentAnswers = {}, speaker: SpeakerAnswers = {}): Promise<void> {
  const datastore = { description: `dir:${fabric.at('fabric')}`, inSync: true };
  cleanUp.use(
    await serveAgent(fabric.at('agent.sock'), { ...agent, status: { ...AGENT_STATUS, datastore, ...agent.status } }),
  );
  cleanUp.use(
    await serveSpeaker(fabric.at('speaker.sock'), {
      neighbors: [TOR_A],
      ...speaker,
      status: { ...SPEAKER_STATUS, datastore, ...speaker.status },
    }),
  );
}

describe('status', () => {
  it('says that all is well', async () => {
    await serveDaemons();
    const { code, out, err } = await fabric.run(['status']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [header, datastore, agent, speaker, ...rest] = out.split('\n');
    expect(header).toMatch(/^PART +HOST +STATE +UPTIME +VERSION +DETAILS$/);
    expect(datastore).toMatch(/^datastore +- +readable .*: 1 BGPPeer, 1 FabricConfiguration, 2 Host, 2 Instance/);
    expect(agent).toMatch(/^agent +compute-a1 +running +1h02m +0\.1\.0 +endpoints: 1 up; policy generation 7, 1 drift/);
    expect(speaker).toMatch(/^speaker +compute-a1 +running +42s .*AS 64601; 2 of 2 sessions up; 2 local, 4 learned, 3/);
    expect(rest).toEqual(['', 'All is well.', '']);
  });

  it('claims less than that while a daemon warns', async () => {
    const warning = {
      code: 'bgp-peer.no-next-hop',
      resource: 'BGPPeer/tor-a',
      severity: 'warning',
      message: 'no next hop',
    } as const;
    const datastore = { description: `dir:${fabric.at('fabric')}`, inSync: true };
    await serveDaemons({}, { status: { ...SPEAKER_STATUS, datastore, findings: [warning] } });
    const { code, out } = await fabric.run(['status']);
    expect(code).toBe(0);
    expect(out).toContain('warning: BGPPeer/tor-a');
    expect(out).toContain('Nothing is broken; see the warnings above.');
    expect(out).not.toContain('All is well');
  });

  it('is exit code 4 where a daemon does not answer, and still shows the rest', async () => {
    const { code, out } = await fabric.run(['status']);
    expect(code).toBe(4);
    expect(out).toMatch(/^datastore +- +readable/m);
    expect(out).toMatch(/^agent +- +no answer .*felix-agent: .*is it running/m);
    expect(out).toMatch(/^speaker +- +no answer/m);
    expect(out).not.toContain('All is well');
  });

  it('is exit code 4 without a datastore, and still asks the daemons', async () => {
    await serveDaemons();
    const { code, out } = await fabric.run(['status', '--datastore', 'dir:/nowhere']);
    expect(code).toBe(4);
    expect(out).toMatch(/^datastore +- +no answer .*\/nowhere/m);
    expect(out).toMatch(/^agent +compute-a1 +running/m);
  });

  it('lists what cannot be read with its place, and what does not fit together', async () => {
    await serveDaemons();
    await fabric.write(
      'fabric/broken.yaml',
      'apiVersion: slash32.dev/v1\nkind: Host\nmetadata: { name: h }\nspec: { adress: 1.2.3.4 }\n',
    );
    await fabric.write(
      'fabric/tenant-a/instances.yaml',
      SAMPLE['tenant-a/instances.yaml'].replace('[web]', '[web, nobody]'),
    );
    const { code, out } = await fabric.run(['status']);
    expect(code).toBe(1);
    expect(out).toMatch(/^ {2}.*broken\.yaml:4:\d+: .*adress.*address/m);
    expect(out).toMatch(/^\d finding.*\n {2}error: Instance\/tenant-a\/web-1: .*nobody/m);
  });

  it('merges what daemons found with its own, once each', async () => {
    const finding = {
      code: 'endpoint.kernel-refused',
      resource: 'Instance/tenant-a/web-1',
      severity: 'error',
      message: 'the kernel refused its policy',
    } as const;
    await serveDaemons(
      {
        status: {
          ...AGENT_STATUS,
          datastore: { description: `dir:${fabric.at('fabric')}`, inSync: true },
          findings: [finding],
        },
      },
      {
        status: {
          ...SPEAKER_STATUS,
          datastore: { description: `dir:${fabric.at('fabric')}`, inSync: true },
          findings: [finding],
        },
      },
    );
    const { code, out } = await fabric.run(['status', '-o', 'json']);
    expect(code).toBe(1);
    expect(JSON.parse(out).findings).toEqual([finding]);
  });

  it('says where intent and reality differ', async () => {
    cleanUp.use(await serveSpeaker(fabric.at('speaker.sock')));
    cleanUp.use(
      await serveAgent(fabric.at('agent.sock'), {
        endpoints: [{ ...WEB_ENDPOINT, instance: 'tenant-b/ghost', state: 'failed', reason: 'the kernel refused it' }],
      }),
    );
    const { code, out } = await fabric.run(['status']);
    expect(code).toBe(1);
    expect(out).toContain('the agent on compute-a1 does not know Instance tenant-a/web-1');
    expect(out).toContain('has an endpoint for tenant-b/ghost, which the datastore does not place there');
    expect(out).toContain('reads dir:/etc/slash32/fabric, but fabricctl reads dir:');
    expect(out).toMatch(/^tenant-b\/ghost +compute-a1 +tapweb1 +failed +the kernel refused it$/m);
  });

  it('calls a speaker without a session degraded, and an agent that waits for the datastore not in sync', async () => {
    const description = `dir:${fabric.at('fabric')}`;
    await serveDaemons(
      { status: { ...AGENT_STATUS, datastore: { description, inSync: false } } },
      {
        status: {
          ...SPEAKER_STATUS,
          datastore: { description, inSync: true },
          sessions: { configured: 2, established: 1 },
        },
        neighbors: [TOR_A, TOR_B],
      },
    );
    const { code, out } = await fabric.run(['status']);
    expect(code).toBe(1);
    expect(out).toMatch(/^agent +compute-a1 +not in sync/m);
    expect(out).toMatch(/^speaker +compute-a1 +degraded/m);
    expect(out).toMatch(
      /^1 BGP session not up\nPEER.*\ntor-b +compute-a1 +192\.0\.2\.2 +Active +4s +2026-11-25T10:00:00Z: hold timer expired$/m,
    );
  });

  it('counts no session of a range, but one of each router that called from it', async () => {
    const range: BgpNeighborStatus = {
      ...TOR_B,
      peer: 'tors',
      address: '192.0.2.0/24',
      remoteAs: 'external (any but our own 64601)',
      state: 'Active',
      range: {
        neighbors: 1,
        limit: 100,
        refused: 2,
        lastRefused: { at: '2026-11-25T10:00:00Z', address: '192.0.2.9', reason: 'the range is shut down' },
      },
    };
    const { remoteAsNumber: _remoteAsNumber, lastDown: _lastDown, ...open } = range;
    const called = { ...TOR_A, peer: 'tors/192.0.2.1', dynamic: { peer: 'tors', range: '192.0.2.0/24' } };
    await serveDaemons({}, { neighbors: [called, open] });
    const { code, out } = await fabric.run(['bgp', 'neighbors', '--exit-code']);
    expect(code).toBe(0);
    expect(out).toMatch(/^compute-a1 +tors\/192\.0\.2\.1 +192\.0\.2\.1 +64901 +Established/m);
    expect(out).toMatch(/^compute-a1 +tors +192\.0\.2\.0\/24 +external +listens \(1 of 100\)/m);
    const { out: detail } = await fabric.run(['bgp', 'neighbors', 'tors']);
    expect(detail).toContain('called from 192.0.2.0/24 of tors');
    expect(detail).toContain('1 of at most 100 routers; 2 refused, the last 192.0.2.9 at');
    const { out: status } = await fabric.run(['status']);
    expect(status).not.toContain('not up');
  });

  it('fits a narrow terminal, in colour', async () => {
    await serveDaemons();
    const { out } = await fabric.run(['status'], { columns: 80, env: { TERM: 'xterm' } });
    expect(out).toContain('\u001b[32mrunning\u001b[39m');
    const { out: plain } = await fabric.run(['status', '--no-color'], { columns: 80 });
    expect(plain).not.toContain('\u001b[');
    expect((await fabric.run(['status'], { columns: 80, env: { NO_COLOR: '1' } })).out).toBe(plain);
  });
});
