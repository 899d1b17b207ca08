import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempDisposableSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ENTRY = join(import.meta.dirname, '../../../scripts/entry');
const SOURCE = 'packages/fabricctl/src/main.ts';

/** A checkout with a bundle that was built a minute after its only sources were written. */
function checkout(root: string) {
  const write = (path: string, secondsAgo: number) => {
    const time = Date.now() / 1_000 - secondsAgo;
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), '');
    utimesSync(join(root, path), time, time);
  };
  const age = (directory: string, secondsAgo: number) => {
    const time = Date.now() / 1_000 - secondsAgo;
    utimesSync(join(root, directory), time, time);
  };
  write('package-lock.json', 120);
  write(SOURCE, 120);
  write('packages/shared/src/index.ts', 120);
  write('packages/shared/src/old.ts', 120);
  for (const name of ['fabricctl', 'shared']) age(`packages/${name}/src`, 120);
  write('dist/fabricctl.js', 60);
  write('dist/built', 60);
  return { write };
}

/** What bin/fabricctl would run, relative to `root`. */
function entryIn(root: string): string {
  const script = `root=$1; program=fabricctl; . ${ENTRY}; printf %s "$entry"`;
  return execFileSync('sh', ['-euc', script, 'sh', root], { encoding: 'utf8' }).slice(root.length + 1);
}

describe('what the programs in bin/ run', () => {
  it('is the bundle while it is newer than every source', () => {
    using root = mkdtempDisposableSync(join(tmpdir(), 'slash32-entry-'));
    checkout(root.path);
    expect(entryIn(root.path)).toBe('dist/fabricctl.js');
  });

  it('is the source where there is no bundle', () => {
    using root = mkdtempDisposableSync(join(tmpdir(), 'slash32-entry-'));
    checkout(root.path);
    rmSync(join(root.path, 'dist'), { recursive: true });
    expect(entryIn(root.path)).toBe(SOURCE);
  });

  it.each(['packages/shared/src/index.ts', 'package-lock.json', SOURCE])('is the source once %s is newer', (path) => {
    using root = mkdtempDisposableSync(join(tmpdir(), 'slash32-entry-'));
    const { write } = checkout(root.path);
    write(path, 30);
    expect(entryIn(root.path)).toBe(SOURCE);
  });

  it('is the source once a file has come or gone', () => {
    using root = mkdtempDisposableSync(join(tmpdir(), 'slash32-entry-'));
    checkout(root.path);
    rmSync(join(root.path, 'packages/shared/src/old.ts'));
    expect(entryIn(root.path)).toBe(SOURCE);
  });
});
