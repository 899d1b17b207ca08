import { describe, expect, it } from 'vitest';
import { COMMAND_TABLE } from '../src/cli/command-table.ts';
import { EXIT_CODE_MEANINGS } from '../src/cli/exit-code.ts';
import { run, TestFabric } from './command-run.ts';
import { SAMPLE } from './sample-manifests.ts';

const LEAVES = [
  ...COMMAND_TABLE.map(({ name }) => [name]).filter(([name]) => name !== 'bgp' && name !== 'policy'),
  ['bgp', 'neighbors'],
  ['bgp', 'watch'],
  ['bgp', 'capture'],
  ['bgp', 'dump'],
  ['bgp', 'routes'],
  ['bgp', 'clear'],
  ['bgp', 'shutdown'],
  ['bgp', 'enable'],
  ['policy', 'trace'],
  ['policy', 'show'],
  ['policy', 'watch'],
  ['policy', 'graph'],
  ['policy', 'diff'],
  ['policy', 'lint'],
];

describe('help', () => {
  it.each(LEAVES)('%s %s has a usage, examples and the global options', async (...words) => {
    const command = words.filter((word) => word !== undefined);
    const { code, out } = await run([...command, '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^Usage: fabricctl ${command.join(' ')}`));
    expect(out).toContain(
      `Examples:\n  ${command[0] === 'completion' ? 'source <(' : ''}fabricctl ${command.join(' ')}`,
    );
    expect(out).toContain('--datastore <url>');
    expect(await run(['help', ...command])).toEqual({ code: 0, out, err: '' });
  });

  it('lists every command, in the main help', async () => {
    const { code, out } = await run(['--help']);
    expect(code).toBe(0);
    for (const { name, summary } of COMMAND_TABLE) expect(out).toMatch(new RegExp(`^ {2}${name} +${summary}$`, 'm'));
  });

  it('summaries in the main help are what the commands say of themselves', async () => {
    const summaries = COMMAND_TABLE.map(async ({ name, summary }) => {
      const { out } = await run([name, '--help']);
      return [name, out.replaceAll(/\s+/g, ' ').includes(summary)];
    });
    expect(await Promise.all(summaries)).toEqual(COMMAND_TABLE.map(({ name }) => [name, true]));
  });

  it('documents the exit codes', async () => {
    const { code, out } = await run(['help', 'exit-codes']);
    expect(code).toBe(0);
    for (const each of EXIT_CODE_MEANINGS) expect(out).toContain(`${each.code}  ${each.meaning}\n`);
  });

  it('refuses unknown topics, options and commands with a hint', async () => {
    expect(await run(['help', 'frob'])).toMatchObject({
      code: 2,
      err: 'error: no help on "frob"; --help shows the usage\n',
    });
    expect((await run(['get', 'inst', '--ouput', 'json'])).err).toContain('(Did you mean --output?)');
    expect((await run([])).code).toBe(2);
  });

  it('prints versions', async () => {
    expect(await run(['--version'])).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect((await run(['version'])).out).toMatch(/^fabricctl \d+\.\d+\.\d+ \(node \d+\.\d+\.\d+\)\n$/);
    expect(JSON.parse((await run(['version', '-o', 'json'])).out)).toMatchObject({ node: process.versions.node });
  });
});

describe('explain', () => {
  it('lists kinds, fields, and one field', async () => {
    expect((await run(['explain'])).out).toMatch(/^SecurityGroup +sg, sgs /m);
    expect((await run(['explain', 'sg'])).out).toMatch(/^ {4}ports +.*destination ports/m);
    const { code, out } = await run(['explain', 'sg.spec.rules.remote']);
    expect(code).toBe(0);
    expect(out).toMatch(/^SecurityGroup\.spec\.rules.*remote {2}object\n {2}the far end/);
    expect(out).toMatch(/^addressGroup +string/m);
  });

  it('prints JSON Schema', async () => {
    expect(JSON.parse((await run(['explain', 'host', '--schema'])).out)).toMatchObject({ type: 'object' });
  });

  it('says which fields there are', async () => {
    const { code, err } = await run(['explain', 'sg.spec.ruels']);
    expect(code).toBe(2);
    expect(err).toContain('rules');
  });
});

describe('completion', () => {
  const complete = async (fabric: TestFabric, ...words: string[]): Promise<readonly string[]> =>
    (await fabric.run(['completion', 'complete', '--', ...words])).out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t')[0] ?? '');

  it('offers commands, subcommands, options, kinds, names and namespaces', async () => {
    await using fabric = await TestFabric.create(SAMPLE);
    expect(await complete(fabric, 'a')).toEqual(['apply']);
    expect(await complete(fabric, 'policy', '')).toEqual([
      'counters',
      'diff',
      'graph',
      'lint',
      'packet',
      'show',
      'trace',
      'watch',
    ]);
    expect(await complete(fabric, 'apply', '--d')).toEqual(['--datastore', '--dry-run']);
    expect(await complete(fabric, 'get', 's')).toEqual(['securitygroup', 'sg']);
    expect(await complete(fabric, 'get', 'host', '')).toEqual(['compute-a1', 'compute-b1']);
    expect(await complete(fabric, 'get', 'inst', '-n', 'tenant-a', '')).toEqual(['db-1', 'web-1']);
    expect(await complete(fabric, 'get', 'inst', 'ten')).toEqual(['tenant-a/db-1', 'tenant-a/web-1']);
    expect(await complete(fabric, 'get', 'inst', '-n', '')).toEqual(['tenant-a']);
    expect(await complete(fabric, 'get', '-o', 'y')).toEqual(['yaml']);
    expect(await complete(fabric, 'policy', 'trace', '-n', 'tenant-a', '')).toEqual(['db-1', 'internet', 'web-1']);
    expect(await complete(fabric, 'policy', 'watch', '-n', 'tenant-a', 'w')).toEqual(['web-1']);
    expect(await complete(fabric, 'policy', 'watch', '--dr')).toEqual(['--drops']);
    expect(await complete(fabric, 'policy', 'graph', '-n', 'tenant-a', '--to', '')).toEqual([
      'db-1',
      'internet',
      'web-1',
    ]);
    expect(await complete(fabric, 'policy', 'graph', '-n', 'tenant-a', '--instance', 'w')).toEqual(['web-1']);
    expect(await complete(fabric, 'policy', 'graph', '-o', 's')).toEqual(['svg']);
    expect(await complete(fabric, 'bgp', 'clear', 'tor', '--soft', '')).toEqual(['in', 'out']);
    expect(await complete(fabric, 'bgp', 'shutdown', '')).toEqual(['tor-a']);
    expect(await complete(fabric, 'bgp', 'routes', '--advertised', '')).toEqual(['tor-a']);
    expect(await complete(fabric, 'get', 'r')).toEqual(['routepolicy', 'rp']);
    expect(await complete(fabric, 'policy', 'lint', '--severity', '')).toEqual(['error', 'info', 'warning']);
    expect(await complete(fabric, 'policy', 'lint', '--ignore', 'lint.allow')).toEqual(['lint.allow-all-ingress']);
  });

  it('has no names, and no error, without a datastore', async () => {
    await using fabric = await TestFabric.create(SAMPLE);
    expect(await complete(fabric, '--datastore', 'dir:/nowhere', 'get', 'host', '')).toEqual([]);
  });
});
