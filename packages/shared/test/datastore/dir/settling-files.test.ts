import { describe, expect, test } from 'vitest';
import { SettlingFiles } from '../../../src/datastore/dir/settling-files.ts';
import { FakeClock } from '../../../src/index.ts';

/** Files by path; absent ones are gone. */
function makeFixture() {
  const clock = new FakeClock();
  const files = new Map<string, string>();
  const settled: { readonly atMs: number; readonly paths: readonly string[] }[] = [];
  const settling = new SettlingFiles({
    clock,
    identify: (path) => files.get(path),
    onSettled: (paths) => settled.push({ atMs: clock.monotonicMs(), paths }),
  });
  return { clock, files, settled, settling };
}

describe('SettlingFiles', () => {
  test('a file is settled 50 ms after its last event', () => {
    const { clock, files, settled, settling } = makeFixture();
    for (let write = 0; write < 10; write += 1) {
      files.set('a', `version ${write}`);
      settling.touch('a');
      clock.advance(30);
    }
    expect(settled).toEqual([]);
    clock.advance(100);
    expect(settled).toEqual([{ atMs: 320, paths: ['a'] }]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('a change that came without an event counts as well', () => {
    const { clock, files, settled, settling } = makeFixture();
    files.set('a', 'begun');
    settling.touch('a');
    clock.advance(40);
    files.set('a', 'grown');
    clock.advance(10);
    expect(settled).toEqual([]);
    clock.advance(50);
    expect(settled).toEqual([{ atMs: 100, paths: ['a'] }]);
  });

  test('files that settle together come together', () => {
    const { clock, files, settled, settling } = makeFixture();
    files.set('a', '1').set('b', '1');
    settling.touch('a');
    settling.touch('b');
    clock.advance(50);
    expect(settled).toEqual([{ atMs: 50, paths: ['a', 'b'] }]);
  });

  test('a removal waits for a file that is still being written, for a second at most', () => {
    const { clock, files, settled, settling } = makeFixture();
    settling.touch('gone');
    for (let ms = 0; ms < 1_100; ms += 20) {
      files.set('growing', String(ms));
      settling.touch('growing');
      clock.advance(20);
    }
    expect(settled).toEqual([{ atMs: expect.any(Number), paths: ['gone'] }]);
    expect(settled[0]?.atMs).toBeGreaterThanOrEqual(1_000);
    clock.advance(100);
    expect(settled.at(-1)?.paths).toEqual(['growing']);
  });

  test('both halves of a move settle in one step', () => {
    const { clock, files, settled, settling } = makeFixture();
    settling.touch('old');
    clock.advance(20);
    files.set('new', '1');
    settling.touch('new');
    clock.advance(100);
    expect(settled.map(({ paths }) => paths)).toEqual([['old', 'new']]);
  });

  test('what was read otherwise is forgotten; nothing happens after stop', () => {
    const { clock, files, settled, settling } = makeFixture();
    files.set('a', '1').set('b', '1');
    settling.touch('a');
    settling.touch('b');
    settling.forget('a');
    clock.advance(50);
    expect(settled.map(({ paths }) => paths)).toEqual([['b']]);
    settling.touch('a');
    settling.stop();
    clock.advance(100);
    expect(settled).toHaveLength(1);
  });
});
