import type { GroupCounters } from '@slash32/shared';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestFabric } from './command-run.ts';
import { SAMPLE } from './sample-manifests.ts';
import { AGENT_STATUS, serveAgent } from './test-daemons.ts';

const WEB: GroupCounters = {
  group: 'tenant-a/web',
  state: 'counted',
  rules: [
    {
      index: 0,
      text: 'ingress IPv4 tcp 443 from 0.0.0.0/0',
      description: 'https',
      counted: { packets: 12, octets: 720 },
    },
    { index: 1, text: 'ingress IPv4 tcp 8000-8080 from members of web', counted: { packets: 0, octets: 0 } },
    { index: 2, text: 'egress IPv4 tcp 80 to anybody', countedAt: 3 },
    { index: 3, text: 'egress IPv4 any protocol to anybody', counted: { packets: 1234567, octets: 98765432 } },
  ],
};

let fabric: TestFabric;
const cleanUp = new AsyncDisposableStack();
beforeAll(async () => {
  fabric = cleanUp.use(await TestFabric.create(SAMPLE));
  cleanUp.use(await serveAgent(fabric.at('agent.sock'), { counters: [WEB] }));
});
afterAll(() => cleanUp.disposeAsync());

const TABLE = [
  'GROUP          RULE   PACKETS     OCTETS   ALLOWS                                           DESCRIPTION',
  'tenant-a/web      0        12        720   ingress IPv4 tcp 443 from 0.0.0.0/0              https',
  'tenant-a/web      1         0          0   ingress IPv4 tcp 8000-8080 from members of web   -',
  'tenant-a/web      2      in 3          -   egress IPv4 tcp 80 to anybody                    -',
  'tenant-a/web      3   1234567   98765432   egress IPv4 any protocol to anybody              -',
];

describe('policy counters', () => {
  it.each([
    ['tenant-a/web'],
    ['web', '-n', 'tenant-a'],
    ['sg/tenant-a/web'],
    ['tenant-a/web-1'],
    ['inst/web-1', '-n', 'tenant-a'],
  ])('shows the rules of a group, or of the groups of an instance: %s %s %s', async (...words) => {
    const { code, out, err } = await fabric.run(['policy', 'counters', ...words]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.trimEnd().split('\n')).toEqual(TABLE);
  });

  it('is the same as JSON', async () => {
    const { out } = await fabric.run(['policy', 'counters', 'tenant-a/web', '-o', 'json']);
    expect(JSON.parse(out)).toEqual({ hosts: [{ host: AGENT_STATUS.host, groups: [WEB] }] });
  });

  it('names the host of each row where several answer, and what did not', async () => {
    await using other = await serveAgent(fabric.at('other.sock'), {
      status: { ...AGENT_STATUS, host: 'compute-b1' },
      counters: [{ ...WEB, rules: WEB.rules.slice(0, 1) }],
    });
    const sockets = [fabric.at('agent.sock'), other.path, '/nobody'].flatMap((path) => ['--agent-socket', path]);
    const { code, out, err } = await fabric.run(['policy', 'counters', 'tenant-a/web', ...sockets]);
    expect(code).toBe(4);
    expect(out).toMatch(/^compute-a1 +tenant-a\/web +3 +1234567 /m);
    expect(out).toMatch(/^compute-b1 +tenant-a\/web +0 +12 /m);
    expect(err).toContain('/nobody');
  });

  it('says what to do where nothing is counted', async () => {
    await using other = await serveAgent(fabric.at('off.sock'), {
      counters: [{ group: 'tenant-a/web', state: 'off', rules: [] }],
    });
    const off = await fabric.run(['policy', 'counters', 'tenant-a/web', '--agent-socket', other.path]);
    expect(off).toMatchObject({ code: 0, out: '' });
    expect(off.err).toContain('set `counters: true` in its spec, or `policyCounters: true` for all');
    const unused = await fabric.run(['policy', 'counters', 'tenant-a/db']);
    expect(unused.err).toContain('nothing on compute-a1 has group tenant-a/db');
  });

  it('knows neither what is not there, nor which of two is meant', async () => {
    await using twins = await TestFabric.create({
      ...SAMPLE,
      'b.yaml': `apiVersion: slash32.dev/v1
kind: Instance
metadata: { name: web, namespace: tenant-a }
spec: { host: compute-b1, interface: tapb, mac: "52:54:00:00:00:09", network: nat, addresses: [10.70.0.9] }
`,
    });
    const unknown = await fabric.run(['policy', 'counters', 'nobody']);
    expect(unknown.code).toBe(4);
    expect(unknown.err).toContain('there is no SecurityGroup or Instance default/nobody');
    expect((await fabric.run(['policy', 'counters', 'sg/tenant-a/web-1'])).err).toContain('there is no SecurityGroup');
    const ambiguous = await twins.run(['policy', 'counters', 'tenant-a/web']);
    expect(ambiguous.err).toContain('write sg/tenant-a/web or inst/tenant-a/web');
  });
});
