import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestFabric } from './command-run.ts';
import { SAMPLE } from './sample-manifests.ts';
import { serveAgent, WEB_ENDPOINT } from './test-daemons.ts';

let fabric: TestFabric;
const cleanUp = new AsyncDisposableStack();
beforeAll(async () => {
  fabric = cleanUp.use(await TestFabric.create(SAMPLE));
  cleanUp.use(await serveAgent(fabric.at('agent.sock')));
});
afterAll(() => cleanUp.disposeAsync());

const lines = (text: string): readonly string[] => text.trimEnd().split('\n');

describe('policy show', () => {
  it('shows the rules as written, and as they are in the kernel', async () => {
    const { code, out } = await fabric.run(['policy', 'show', 'web-1']);
    expect(code).toBe(0);
    expect(lines(out)).toEqual([
      'Instance:  tenant-a/web-1 on compute-a1',
      'State:     open',
      'Reach:     internet',
      'Groups:    tenant-a/web',
      '',
      'GROUP          RULE   ALLOWS                                                             DESCRIPTION',
      'tenant-a/web      0   ingress IPv4 tcp 443 from 0.0.0.0/0                                https',
      'tenant-a/web      1   ingress IPv4 tcp 8000-8080 from members of web (2 addresses now)   -',
      'tenant-a/web      2   egress IPv4 any protocol to anybody                                -',
      '',
      'In the kernel now (endpoint up)',
      'chain ingress-list-1',
      '    jump sg-tenant-a-web-in',
      '    drop',
      'in ingress',
      '    "tapweb1" : goto ingress-list-1',
      'in members4',
      '    10.0.0.1',
      '    10.0.0.2',
      '    … 898 more of 900',
    ]);
  });

  it('shows the rules alone where the agent does not know the instance, and says so', async () => {
    const { code, out, err } = await fabric.run(['policy', 'show', 'db-1']);
    expect(code).toBe(4);
    expect(out).toContain('ingress IPv4 tcp 5432 from members of web (2 addresses now)');
    expect(err).toBe(
      'error: not shown from the kernel: no endpoint tenant-a/db-1 on this host (the instance is on compute-b1)\n',
    );
    expect((await fabric.run(['policy', 'show', 'db-1', '--intent'])).code).toBe(0);
  });

  it('names the instances that a name may mean', async () => {
    await using other = await TestFabric.create({
      ...SAMPLE,
      'b.yaml': `apiVersion: slash32.dev/v1
kind: Instance
metadata: { name: web-1, namespace: tenant-b }
spec: { host: compute-b1, interface: tapb, mac: "52:54:00:00:00:09", network: nat, addresses: [10.70.0.9] }
`,
    });
    expect(await other.run(['policy', 'show', 'web-1', '--intent'])).toMatchObject({
      code: 4,
      err: 'error: "web-1" is tenant-a/web-1 and tenant-b/web-1; say which, as NAMESPACE/NAME or with -n NAMESPACE\n',
    });
    const closed = await other.run(['policy', 'show', 'web-1', '--intent', '-n', 'tenant-b']);
    expect(closed.out).toContain('No rules: nothing passes but DHCP and neighbour discovery.');
  });

  it('says why an instance is closed', async () => {
    await using other = await TestFabric.create({
      ...SAMPLE,
      'tenant-a/groups.yaml': SAMPLE['tenant-a/groups.yaml'].replace('name: db', 'name: dbx'),
    });
    const { out } = await other.run(['policy', 'show', 'db-1', '--intent']);
    expect(out).toMatch(
      /^State: +closed: nothing passes, no route\nBecause: +there is no SecurityGroup tenant-a\/db; .*$/m,
    );
  });

  it('is one line for an instance that is not there', async () => {
    expect(await fabric.run(['policy', 'show', 'nobody'])).toEqual({
      code: 4,
      out: '',
      err: 'error: there is no Instance default/nobody; `fabricctl get instances -A` lists those there are\n',
    });
  });
});

describe('policy trace', () => {
  it('passes, with the rules that decided at both ends', async () => {
    const { code, out } = await fabric.run(['policy', 'trace', 'web-1', 'db-1:5432/tcp', '--exit-code']);
    expect(code).toBe(0);
    expect(lines(out)[0]).toBe('PASSES  tenant-a/web-1 (203.0.113.10) → tenant-a/db-1 (10.70.0.5)  tcp 5432 over IPv4');
    expect(lines(out)[1]).toBe('Receiver sees source 203.0.113.10');
    expect(out).toMatch(/^source +tenant-a\/web-1 on compute-a1 +passes +.*tenant-a\/web.*$/m);
    expect(out).toMatch(/^destination +tenant-a\/db-1 on compute-b1 +passes +.*tenant-a\/db.*$/m);
  });

  it('drops, and says the smallest rule that would allow it', async () => {
    const { code, out } = await fabric.run(['policy', 'trace', 'web-1', 'db-1:22/tcp', '--exit-code']);
    expect(code).toBe(1);
    expect(out).toMatch(/^DROPS {2}tenant-a\/web-1/);
    expect(out).toMatch(/^destination +tenant-a\/db-1 on compute-b1 +drops /m);
    expect(lines(out).slice(-2)).toEqual([
      'Smallest rule that would allow it, for spec.rules of SecurityGroup tenant-a/db:',
      '  - { direction: ingress, ethertype: IPv4, protocol: tcp, ports: 22, remote: { cidr: 203.0.113.10/32 } }',
    ]);
    expect((await fabric.run(['policy', 'trace', 'web-1', 'db-1:22/tcp'])).code).toBe(0);
  });

  it('sees the translation of what leaves a NAT network', async () => {
    const { code, out } = await fabric.run(['policy', 'trace', 'db-1', 'internet:443/tcp', '--exit-code']);
    expect(code).toBe(0);
    expect(out).toContain('Receiver sees source 192.0.2.12 (translated from 10.70.0.5)');
    expect(out).toMatch(/^destination +outside +not filtered /m);
  });

  it('warns if the agent has an end not up, whatever the resources say', async () => {
    const failed = { ...WEB_ENDPOINT, state: 'failed', reason: 'the kernel refused its policy' } as const;
    await using server = await serveAgent(fabric.at('failing.sock'), { endpoints: [failed] });
    const args = ['policy', 'trace', 'web-1', 'db-1:5432/tcp', '--agent-socket', server.path];
    const { out, err } = await fabric.run(args);
    expect(out).toMatch(/^PASSES/);
    expect(err).toBe(
      'warning: traced as if tenant-a/web-1 were up, but its agent says failed: the kernel refused its policy\n',
    );
    expect(JSON.parse((await fabric.run([...args, '-o', 'json'])).out).endpointsNotUp).toHaveLength(1);
    expect((await fabric.run(['policy', 'trace', 'web-1', 'db-1:5432/tcp', '--agent-socket', '/nobody'])).err).toBe('');
  });

  it('offers a rule for anybody where it is about any host of the internet', async () => {
    const { out } = await fabric.run(['policy', 'trace', '-6', 'internet', 'web-1:443/tcp']);
    expect(out).toMatch(/^DROPS {2}internet \(2a\S+\) → tenant-a\/web-1 \(2001:db8:1::10\) {2}tcp 443 over IPv6$/m);
    expect(out).toContain(
      '- { direction: ingress, ethertype: IPv6, protocol: tcp, ports: 443, remote: { cidr: ::/0 } }',
    );
  });

  it('traces every family that both ends have, or the one asked for', async () => {
    const both = JSON.parse((await fabric.run(['policy', 'trace', 'internet', 'web-1:443/tcp', '-o', 'json'])).out);
    expect(both).toMatchObject({
      passes: false,
      traces: [
        { family: 4, port: 443, result: { verdict: 'pass' } },
        { family: 6, port: 443, result: { verdict: 'drop' } },
      ],
    });
    expect((await fabric.run(['policy', 'trace', '-4', 'internet', 'web-1:443/tcp', '--exit-code'])).code).toBe(0);
    expect((await fabric.run(['policy', 'trace', '-6', 'internet', 'web-1:443/tcp', '--exit-code'])).code).toBe(1);
  });

  it('takes an address for the instance that has it', async () => {
    const { out } = await fabric.run(['policy', 'trace', '203.0.113.10', '10.70.0.5:5432/tcp', '-o', 'json']);
    expect(JSON.parse(out).traces[0].result).toMatchObject({
      verdict: 'pass',
      source: { instance: 'tenant-a/web-1' },
      destination: { instance: 'tenant-a/db-1' },
    });
  });

  it('pings in the right protocol for each family', async () => {
    const { out } = await fabric.run(['policy', 'trace', 'internet', 'web-1:icmp', '-o', 'json']);
    expect(JSON.parse(out).traces).toMatchObject([
      { family: 4, protocol: 1, icmp: { type: 8, code: 0 } },
      { family: 6, protocol: 58, icmp: { type: 128, code: 0 } },
    ]);
  });

  it.each([
    [['web-1', 'db-1:443'], 3, 'write 443/tcp or 443/udp'],
    [['web-1', 'nobody:443/tcp'], 4, 'there is no Instance default/nobody'],
    [['tenant-b/web-1', 'db-1:443/tcp'], 4, 'there is tenant-a/web-1'],
    [['-6', 'web-1', 'db-1:443/tcp'], 3, 'web-1 has IPv4 and IPv6, db-1 has IPv4'],
    [['-4', '-6', 'web-1', 'db-1:443/tcp'], 2, '-4 and -6 contradict each other'],
    [['web-1'], 2, "missing required argument 'flow'"],
  ])('refuses %j', async (args, expected, message) => {
    const { code, out, err } = await fabric.run(['policy', 'trace', ...args]);
    expect({ code, out }).toEqual({ code: expected, out: '' });
    expect(err).toContain(message);
    expect(lines(err)).toHaveLength(1);
  });

  it('finds an internet address that no resource names, or says that there is none', async () => {
    await using other = await TestFabric.create({
      ...SAMPLE,
      'ag.yaml': `apiVersion: slash32.dev/v1
kind: AddressGroup
metadata: { name: half }
spec: { cidrs: [0.0.0.0/1] }
`,
    });
    const address = async (): Promise<string> =>
      JSON.parse((await other.run(['policy', 'trace', '-4', 'web-1', 'internet:443/tcp', '-o', 'json'])).out).traces[0]
        .result.destinationAddress;
    expect(Number((await address()).split('.')[0])).toBeGreaterThanOrEqual(128);
    await other.write(
      'fabric/ag2.yaml',
      'apiVersion: slash32.dev/v1\nkind: AddressGroup\nmetadata: { name: other }\nspec: { cidrs: [128.0.0.0/1] }\n',
    );
    const { code, err } = await other.run(['policy', 'trace', '-4', 'web-1', 'internet:443/tcp']);
    expect(code).toBe(3);
    expect(err).toContain('internet has IPv6; the resources name all of the other family');
  });
});
