import { execFile, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestFabric } from './command-run.ts';
import { SAMPLE } from './sample-manifests.ts';

/** The real command, as its users start it. */
const FABRICCTL = fileURLToPath(new URL('../../../bin/fabricctl', import.meta.url));

interface ProcessRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function start(args: readonly string[], fabric: TestFabric, input = ''): Promise<ProcessRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(FABRICCTL, args, {
      env: {
        ...process.env,
        SLASH32_DATASTORE: `dir:${fabric.at('fabric')}`,
        SLASH32_AGENT_SOCKET: fabric.at('no.sock'),
        XDG_CACHE_HOME: fabric.at('cache'),
      },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, out, err }));
    child.stdin.end(input);
  });
}

describe('the fabricctl process', () => {
  let fabric: TestFabric;
  beforeAll(async () => {
    fabric = await TestFabric.create(SAMPLE);
  });
  afterAll(() => fabric[Symbol.asyncDispose]());

  it.each([
    [['get', 'hosts'], 0],
    [['frob'], 2],
    [['apply', '-f', '-'], 3],
    [['status'], 4],
  ])('%j ends with exit code %d', async (args, code) => {
    expect(await start(args, fabric, 'kind: Hots\n')).toMatchObject({ code });
  });

  it('says where on standard input a fault is', async () => {
    const { err } = await start(['apply', '-f', '-'], fabric, 'kind: Hots\n');
    expect(err).toMatch(/^<stdin>:1:\d+: kind "Hots" is unknown; did you mean Host\?/);
  });

  it('reads standard input and writes the datastore', async () => {
    const input = 'apiVersion: slash32.dev/v1\nkind: Host\nmetadata: { name: piped }\nspec: { address: 192.0.2.77 }\n';
    expect(await start(['apply', '-f', '-'], fabric, input)).toEqual({ code: 0, out: 'Host/piped created\n', err: '' });
  });

  it('applies one resource twice at a time without losing either', async () => {
    const host = (address: string): string =>
      `apiVersion: slash32.dev/v1\nkind: Host\nmetadata: { name: raced }\nspec: { address: ${address} }\n`;
    const runs = await Promise.all(
      ['192.0.2.80', '192.0.2.81', '192.0.2.82'].map((address) => start(['apply', '-f', '-'], fabric, host(address))),
    );
    expect(runs.map(({ code, err }) => ({ code, err }))).toEqual(runs.map(() => ({ code: 0, err: '' })));
    expect(runs.filter(({ out }) => out === 'Host/raced created\n')).toHaveLength(1);
  });

  it('completes in bash, after a datastore with a colon in its name', async () => {
    const line = `fabricctl --datastore dir:${fabric.at('fabric')} get inst -n tenant-a d`;
    const script = `PATH=${dirname(FABRICCTL)}:$PATH
      source <(fabricctl completion bash)
      COMP_LINE=${JSON.stringify(line)} COMP_POINT=${line.length}
      _fabricctl && printf '%s\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', script], {
      env: { ...process.env, XDG_CACHE_HOME: fabric.at('cache') },
    });
    expect({ stdout, stderr }).toEqual({ stdout: 'db-1\n', stderr: '' });
  });

  it('is quiet when its reader goes away', async () => {
    const command = `XDG_CACHE_HOME=${fabric.at('cache')} SLASH32_DATASTORE=dir:${fabric.at('fabric')} ${FABRICCTL} get all -A -o json | head -c 1`;
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', command]);
    expect({ stdout, stderr }).toEqual({ stdout: '[', stderr: '' });
  });
});
