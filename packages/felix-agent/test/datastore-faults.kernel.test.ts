import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatManifest, type Resource } from '@slash32/shared';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentProcess } from './agent-process.ts';
import { cleanKernel, sh, waitUntil } from './kernel-lab.ts';
import { baseResources, HOST_NAME, instance, openGroup } from './resources.ts';

const FABRICCTL = join(import.meta.dirname, '../../../bin/fabricctl');

function manifests(resources: readonly Resource[]): string {
  return resources.map((each) => formatManifest(each)).join('---\n');
}

/** The ruleset and the routes that are ours; counters do not count. */
function programmed(): string {
  const text = sh('nft list ruleset; ip route show proto 133; ip -6 route show proto 133');
  return text.replaceAll(/counter packets \d+ bytes \d+/g, 'counter');
}

describe('a datastore directory that fails', () => {
  let root: string;
  /** A small file system. */
  let disk: string;
  let fabric: string;
  let agent: AgentProcess;

  beforeEach(async () => {
    cleanKernel();
    root = mkdtempSync(join(tmpdir(), 'slash32-faulty-datastore-'));
    disk = join(root, 'disk');
    fabric = join(disk, 'fabric');
    mkdirSync(disk);
    sh(`mount -t tmpfs -o size=256k tmpfs ${disk}`);
    mkdirSync(fabric);
    writeFileSync(join(fabric, 'base.yaml'), manifests(baseResources()));
    writeFileSync(join(fabric, 'vm2.yaml'), formatManifest(instance(2)));
    for (const number of [2, 3]) sh(`ip link add tap${number} type veth peer name p${number}`);
    agent = await AgentProcess.start(HOST_NAME, fabric);
    await waitUntil('vm2 is up', () => isUp(1), 20_000);
  });
  afterEach(async () => {
    await agent[Symbol.asyncDispose]();
    sh(`umount ${disk}`);
    rmSync(root, { recursive: true, force: true });
    cleanKernel();
  });

  async function isUp(count: number): Promise<boolean> {
    const status = await agent.status();
    return status?.datastore.inSync === true && status.endpoints.up === count;
  }

  function apply(resource: Resource): { status: number | null; stderr: string } {
    return spawnSync(FABRICCTL, ['apply', '-f', '-'], {
      input: formatManifest(resource),
      encoding: 'utf8',
      env: { ...process.env, SLASH32_DATASTORE: `dir:${fabric}` },
    });
  }

  function files(): readonly [name: string, text: string][] {
    return readdirSync(fabric, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.includes('lock'))
      .map((entry): [string, string] => {
        const path = join(entry.parentPath, entry.name);
        return [path, readFileSync(path, 'utf8')];
      })
      .sort();
  }

  function fillDisk(): string {
    const file = join(disk, 'full');
    const descriptor = openSync(file, 'w');
    try {
      for (;;) writeSync(descriptor, Buffer.alloc(4_096));
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    } finally {
      closeSync(descriptor);
    }
    return file;
  }

  it('whose disk is full takes nothing half, and takes it all once there is room', async () => {
    const before = { files: files(), kernel: programmed() };
    const full = fillDisk();
    for (const resource of [instance(3), openGroup('open', [22])]) {
      const { status, stderr } = apply(resource);
      expect(status).not.toBe(0);
      expect(stderr).toMatch(/ENOSPC|no space left|disk is full/i);
    }
    expect(files()).toEqual(before.files);
    expect(await isUp(1)).toBe(true);
    expect((await agent.status())?.findings).toEqual([]);
    expect(programmed()).toBe(before.kernel);

    rmSync(full);
    expect(apply(instance(3)).status).toBe(0);
    expect(apply(openGroup('open', [22])).status).toBe(0);
    await waitUntil('vm3 is up', () => isUp(2));
    await waitUntil('port 22 is open', () => sh('nft list ruleset').includes('proto-dst 22 '));
  });

  it('that vanishes changes nothing in the kernel, and what went meanwhile goes once it is back', async () => {
    expect(apply(instance(3)).status).toBe(0);
    await waitUntil('vm3 is up', () => isUp(2));
    const kernel = programmed();
    const away = join(disk, 'away');
    renameSync(fabric, away);
    await waitUntil('the agent says so', async () => (await agent.status())?.problems[0]?.file === fabric);
    expect(programmed()).toBe(kernel);
    expect(await agent.status()).toMatchObject({ datastore: { inSync: false }, endpoints: { up: 2 } });

    rmSync(join(away, 'vm2.yaml'));
    renameSync(away, fabric);
    await waitUntil('only vm3 is up', () => isUp(1), 20_000);
    expect(programmed()).not.toContain('"tap2"');
    expect(programmed()).toContain('10.70.0.3 dev tap3');
  });

  it('whose files are deleted one by one closes everything, and opens it again with the files', async () => {
    const kept = files();
    execFileSync('find', [fabric, '-type', 'f', '-delete']);
    await waitUntil('nobody is up', async () => (await agent.status())?.endpoints.up === 0);
    expect(programmed()).not.toMatch(/"tap2"|10\.70\.0\.2/);
    for (const [path, text] of kept) writeFileSync(path, text);
    await waitUntil('vm2 is up', () => isUp(1));
  });
});
