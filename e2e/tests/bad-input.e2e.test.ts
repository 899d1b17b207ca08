import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DaemonStatus } from '@slash32/shared';
import { beforeAll, describe, expect, test } from 'vitest';
import { PluggedInstance } from '../harness/plugged-instance.ts';
import type { Prober } from '../harness/prober.ts';
import { waitFor } from '../harness/wait-for.ts';
import { INTERNET_IPV4, OPEN_GROUP, PORTS, useEmptyFabric } from './lab-fixture.ts';

/** What a watched directory with faults in it does to the host: the last good state stays, and the fault is listed. */
describe('bad input', () => {
  const empty = useEmptyFabric();
  const HOST = 'compute-a1';
  const settings = { host: HOST, network: 'public', securityGroups: ['open'] };
  let good: PluggedInstance;
  let prober: Prober;
  let directory: string;

  beforeAll(async () => {
    const { fabric } = empty();
    directory = await fabric.lab.writable('fabric');
    await fabric.apply({ text: OPEN_GROUP });
    good = await PluggedInstance.start(fabric, {
      ...settings,
      name: 'good',
      mac: '52:54:00:00:03:01',
      ipv4: '203.0.113.31',
    });
    prober = await good.prober(PORTS);
  });

  const reaches = (): Promise<boolean> =>
    prober.probe({ transport: 'tcp', address: INTERNET_IPV4, port: 443 }, 1_000).then(({ reached }) => reached);

  function agentWith(accept: (status: DaemonStatus) => boolean, what: string): Promise<DaemonStatus> {
    return waitFor(() => empty().fabric.agentStatus(HOST), accept, { what });
  }

  test('apply refuses an invalid manifest with file, line, field and remedy, and applies nothing of it', async () => {
    const text = `${OPEN_GROUP.trim()}\n---\n${good.manifest({ adresses: ['203.0.113.31'] })}`;
    const { exitCode, stderr } = await empty().fabric.fabricctl(['apply', '-f', '-'], {
      input: text,
      allowFailure: true,
    });
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/:\d+:\d+/);
    expect(stderr).toContain('spec.adresses');
    expect(stderr).toContain('did you mean');
    expect(await reaches()).toBe(true);
  });

  test('a file with a fault keeps its last good version and is listed with its line; the rest applies', async () => {
    const file = join(directory, 'instance/default/good.yaml');
    const before = await readFile(file, 'utf8');
    await writeFile(file, before.replace(/mac:.*/, 'mac: not-a-mac'));
    const line = before.split('\n').findIndex((text) => /^\s*mac:/.test(text)) + 1;
    const { problems } = await agentWith((status) => status.problems.length > 0, 'the fault is listed');
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ line, path: 'spec.mac' });
    expect(problems[0]?.file).toContain('good.yaml');
    const { stdout } = await empty().fabric.fabricctl(['status'], { host: HOST, allowFailure: true });
    expect(stdout).toContain(`good.yaml:${line}`);
    expect(await reaches()).toBe(true);

    await writeFile(join(directory, 'group.yaml'), OPEN_GROUP.replaceAll('open', 'other'));
    await waitFor(
      () => empty().fabric.fabricctl(['get', 'securitygroup', 'other'], { allowFailure: true }),
      ({ exitCode }) => exitCode === 0,
      { what: 'the other file applies' },
    );
    await writeFile(file, before);
    await agentWith((status) => status.problems.length === 0, 'the fault is gone');
    expect(await reaches()).toBe(true);
    await rm(join(directory, 'group.yaml'));
  });

  test('text that is no YAML is listed and harms nothing', async () => {
    const file = join(directory, 'broken.yaml');
    await writeFile(file, 'apiVersion: slash32.dev/v1\nkind: [Instance\n');
    const { problems } = await agentWith((status) => status.problems.length > 0, 'the fault is listed');
    expect(problems[0]?.file).toContain('broken.yaml');
    expect(problems[0]?.line).toBeGreaterThan(0);
    expect(await reaches()).toBe(true);
    await rm(file);
    await agentWith((status) => status.problems.length === 0, 'the fault is gone');
  });

  test('a half-written file is not applied half', async () => {
    const { fabric } = empty();
    const file = join(directory, 'slow.yaml');
    const text = OPEN_GROUP.replaceAll('open', 'slow');
    const cut = text.lastIndexOf('ethertype');
    await writeFile(file, text.slice(0, cut));
    const { problems } = await agentWith((status) => status.problems.length > 0, 'the half file is listed');
    expect(problems[0]?.file).toContain('slow.yaml');
    expect((await fabric.fabricctl(['get', 'sg', 'slow'], { allowFailure: true })).exitCode).not.toBe(0);
    await appendFile(file, text.slice(cut));
    const { stdout } = await waitFor(
      () => fabric.fabricctl(['get', 'sg', 'slow', '-o', 'json'], { allowFailure: true }),
      ({ exitCode }) => exitCode === 0,
      { what: 'the whole file is applied' },
    );
    expect(stdout.match(/"direction"/g)).toHaveLength(4);
    await rm(file);
    await agentWith((status) => status.problems.length === 0, 'the fault is gone');
  });

  test('an unknown group, network or host closes only that instance, and says why', async () => {
    const { fabric } = empty();
    const odd = await PluggedInstance.plug(fabric, {
      ...settings,
      name: 'odd',
      mac: '52:54:00:00:03:02',
      ipv4: '203.0.113.32',
    });
    await fabric.apply({ text: odd.manifest({ securityGroups: ['open', 'missing'] }) });
    const closed = await fabric.awaitEndpoint(HOST, 'default/odd', 'closed');
    expect(closed?.reason).toContain('missing');
    const { findings } = await fabric.agentStatus(HOST);
    expect(findings).toContainEqual(expect.objectContaining({ resource: 'Instance/default/odd', severity: 'error' }));
    expect((await fabric.fabricctl(['status'], { host: HOST, allowFailure: true })).stdout).toContain('missing');
    expect(await reaches()).toBe(true);

    await fabric.apply({ text: odd.manifest({ network: 'nowhere' }) });
    const nowhere = await waitFor(
      () => fabric.endpoints(HOST),
      (list) => list.some(({ instance, reason }) => instance === 'default/odd' && reason?.includes('nowhere')),
      { what: 'the reason names the unknown network' },
    );
    expect(nowhere.find(({ instance }) => instance === 'default/odd')?.state).toBe('closed');

    await fabric.apply({ text: odd.manifest() });
    await odd.awaitAddress();
    await odd.remove();
  });

  test('of two that claim one address, the older keeps it and the other stays closed', async () => {
    const { fabric } = empty();
    const twin = await PluggedInstance.plug(fabric, {
      ...settings,
      name: 'a-twin', // sorts before `good`, so that only its age decides
      mac: '52:54:00:00:03:03',
      ipv4: '203.0.113.31',
    });
    await fabric.apply({ text: twin.manifest() });
    const closed = await fabric.awaitEndpoint(HOST, 'default/a-twin', 'closed');
    expect(closed?.reason).toContain('203.0.113.31');
    await fabric.awaitEndpoint(HOST, 'default/good', 'up');
    expect(await reaches()).toBe(true);
    await twin.remove();
    await fabric.awaitEndpoint(HOST, 'default/good', 'up');
  });
});
