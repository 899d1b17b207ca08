import { FakeClock } from '@slash32/shared';
import { beforeEach, describe, expect, it } from 'vitest';
import { PasswordFiles } from '../../src/peers/password-files.ts';

let clock: FakeClock;
let contents: Map<string, string>;
let changes: number;
let reads: number;
let files: PasswordFiles;

beforeEach(() => {
  clock = new FakeClock();
  contents = new Map();
  changes = 0;
  reads = 0;
  files = new PasswordFiles({
    clock,
    readFile: async (path, limit) => {
      reads += 1;
      const content = contents.get(path);
      if (content === undefined) throw new Error('ENOENT');
      return new TextEncoder().encode(content).subarray(0, limit);
    },
    onChange: () => {
      changes += 1;
    },
  });
});

const keyText = (path: string) => {
  const key = files.state(path)?.key;
  return key === undefined ? undefined : new TextDecoder().decode(key);
};

async function follow(...paths: readonly string[]): Promise<void> {
  files.follow(new Set(paths));
  await clock.advanceAsync(0);
}

describe('password files', () => {
  it.each([
    ['secret', 'secret'],
    ['secret\n', 'secret'],
    ['secret\r\n', 'secret'],
    ['secret\n\n', 'secret\n'],
    [' a b ', ' a b '],
    ['x'.repeat(80), 'x'.repeat(80)],
    [`${'x'.repeat(80)}\r\n`, 'x'.repeat(80)],
  ])('%j has one line break less', async (content, expected) => {
    contents.set('/p', content);
    await follow('/p');
    expect(keyText('/p')).toBe(expected);
    expect(files.state('/p')?.problem).toBeUndefined();
  });

  it.each([
    ['', 'is empty'],
    ['\n', 'is empty'],
    ['x'.repeat(81), 'has more than 80 octets'],
    [`${'x'.repeat(4000)}\n`, 'has more than 80 octets'],
    [undefined, 'cannot be read (ENOENT)'],
  ])('%j is no password', async (content, problem) => {
    if (content !== undefined) contents.set('/p', content);
    await follow('/p');
    expect(files.state('/p')).toEqual({ problem });
  });

  it('are read again, and tell of each change once', async () => {
    contents.set('/p', 'one');
    await follow('/p');
    expect(changes).toBe(1);
    const first = files.state('/p')?.keyId;
    await clock.advanceAsync(5000);
    expect(changes).toBe(1);
    contents.set('/p', 'two\n');
    await clock.advanceAsync(1000);
    expect(keyText('/p')).toBe('two');
    expect(files.state('/p')?.keyId).not.toBe(first);
    contents.set('/p', 'one\n');
    await clock.advanceAsync(1000);
    expect(files.state('/p')?.keyId).toBe(first);
    expect(changes).toBe(3);
  });

  it('keep the key that was read last when they cannot be read any more', async () => {
    contents.set('/p', 'one');
    await follow('/p');
    contents.delete('/p');
    await clock.advanceAsync(1000);
    expect(files.state('/p')).toMatchObject({ problem: 'cannot be read (ENOENT)', keyId: 1 });
    expect(keyText('/p')).toBe('one');
    contents.set('/p', 'one');
    await clock.advanceAsync(1000);
    expect(files.state('/p')?.problem).toBeUndefined();
  });

  it('are read at once when they are added, also while others are read, and no longer when they are left out', async () => {
    contents.set('/p', 'one');
    contents.set('/q', 'two');
    files.follow(new Set(['/p']));
    files.follow(new Set(['/p', '/q']));
    await clock.advanceAsync(0);
    expect([keyText('/p'), keyText('/q')]).toEqual(['one', 'two']);
    await follow('/q');
    expect(files.state('/p')).toBeUndefined();
    await follow();
    const before = reads;
    await clock.advanceAsync(10_000);
    expect(reads).toBe(before);
  });

  it('are left alone once closed', async () => {
    contents.set('/p', 'one');
    await follow('/p');
    files.close();
    const before = reads;
    await clock.advanceAsync(10_000);
    expect(reads).toBe(before);
  });
});
