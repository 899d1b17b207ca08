import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasErrorCode, type NftChange, SystemClock } from '@slash32/shared';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Kernel, KernelNftTransactor } from '../src/index.ts';
import { children, failureOf, killChild } from './child-processes.ts';
import { openSandboxKernel, sh } from './kernel-sandbox.ts';

const TABLE = 'inet slash32';
const BASE: readonly NftChange[] = [
  { op: 'add-table', table: TABLE },
  { op: 'add-set', table: TABLE, set: { name: 'nets', type: 'ipv4_addr', interval: false } },
  { op: 'add-chain', table: TABLE, chain: { name: 'group' } },
];

function add(...keys: readonly string[]): NftChange {
  return { op: 'add-elements', table: TABLE, set: 'nets', elements: new Map(keys.map((key) => [key, ''])) };
}

/** What only nft does: sessions and monitors that die, foreign hands, dormant tables. */
export function nftRobustnessSuite(): void {
  describe('robustness of nft', () => {
    let kernel: Kernel;
    let controller: AbortController;
    const list = async () => (await kernel.nft.list([TABLE])).get(TABLE);

    beforeEach(async () => {
      controller = new AbortController();
      kernel = await openSandboxKernel();
    });
    afterEach(async () => {
      controller.abort();
      await kernel[Symbol.asyncDispose]();
      expect(children(/s32-|monitor|-batch/)).toEqual([]);
      sh('nft flush ruleset');
    });

    test('a killed session is replaced', async () => {
      await kernel.nft.apply(BASE);
      await killChild(/s32-/);
      await kernel.nft.apply([add('10.0.0.1')]);
      expect((await list())?.sets.get('nets')?.elements.size).toBe(1);
    });

    test('a session that is killed in a transaction fails it, and the next one works', async () => {
      await kernel.nft.apply(BASE);
      for (const pid of children(/s32-/)) process.kill(pid, 'SIGSTOP');
      const failure = failureOf(kernel.nft.apply([add('10.0.0.1')]));
      await new Promise((resolve) => setImmediate(resolve));
      await killChild(/s32-/);
      expect(hasErrorCode(await failure, 'nft.unavailable')).toBe(true);
      await kernel.nft.apply([add('192.0.2.1')]);
      expect((await list())?.sets.get('nets')?.elements.has('192.0.2.1')).toBe(true);
    });

    test('a transaction too long for a line is still one transaction, and its culprit is found', async () => {
      await kernel.nft.apply(BASE);
      const many = Array.from({ length: 500 }, (_, at) => `10.0.${at >> 8}.${at & 255}`);
      const failure = await failureOf(
        kernel.nft.apply([
          add(...many),
          { op: 'delete-elements', table: TABLE, set: 'nets', keys: ['10.0.0.1', '10.9.9.9'] },
        ]),
      );
      if (!hasErrorCode(failure, 'nft.rejected')) throw failure;
      expect(failure.details).toMatchObject({ changeIndex: 1, at: '10.9.9.9', reason: 'No such file or directory' });
      expect((await list())?.sets.get('nets')?.elements.size).toBe(0);
      await kernel.nft.apply([add(...many)]);
      expect((await list())?.sets.get('nets')?.elements.size).toBe(500);
    });

    test('a cleaned temporary directory is made anew', async () => {
      await kernel.nft.apply(BASE);
      const many = Array.from({ length: 500 }, (_, at) => `10.0.${at >> 8}.${at & 255}`);
      for (const entry of readdirSync(tmpdir())) {
        if (entry.startsWith('slash32-nft-')) rmSync(join(tmpdir(), entry), { recursive: true });
      }
      await kernel.nft.apply([add(...many)]);
      await killChild(/s32-/);
      await kernel.nft.apply([add('192.0.2.1')]);
      expect((await list())?.sets.get('nets')?.elements.size).toBe(501);
    });

    test('a text that would leave its place is not sent', async () => {
      await kernel.nft.apply(BASE);
      const rules = [{ text: 'drop', comment: 'x" accept; add rule inet slash32 group accept comment "#1' }];
      const failure = await failureOf(kernel.nft.apply([{ op: 'set-rules', table: TABLE, chain: 'group', rules }]));
      if (!hasErrorCode(failure, 'nft.rejected')) throw failure;
      expect(failure.details).toMatchObject({ changeIndex: 0 });
      expect((await list())?.chains.get('group')?.rules).toEqual([]);
    });

    test('a watch from before the tables exist hears others only', async () => {
      const onForeignChange = vi.fn();
      await kernel.nft.watch([TABLE], onForeignChange, controller.signal);
      await kernel.nft.apply(BASE);
      for (let at = 0; at < 10; at += 1) await kernel.nft.apply([add(`10.0.0.${at}`)]);
      sh('nft add table inet other');
      sh('nft add element inet slash32 nets { 10.1.0.1 }');
      await vi.waitFor(() => expect(onForeignChange).toHaveBeenCalledTimes(1));
      sh('nft delete table inet slash32');
      await vi.waitFor(() => expect(onForeignChange).toHaveBeenCalledTimes(2));
    });

    test('a killed monitor is replaced, and what it may have missed is told', async () => {
      await kernel.nft.apply(BASE);
      const onForeignChange = vi.fn();
      await kernel.nft.watch([TABLE], onForeignChange, controller.signal);
      await killChild(/nft monitor/);
      await vi.waitFor(() => expect(onForeignChange).toHaveBeenCalledTimes(1));
      sh('nft add element inet slash32 nets { 10.1.0.1 }');
      await vi.waitFor(() => expect(onForeignChange).toHaveBeenCalledTimes(2));
    });

    test('what others did to our table differs from what we wrote', async () => {
      await kernel.nft.apply([
        ...BASE,
        { op: 'set-rules', table: TABLE, chain: 'group', rules: [{ text: 'drop', comment: 'all #1' }] },
      ]);
      sh('nft add rule inet slash32 group counter accept; nft add rule inet slash32 group accept comment mine');
      sh('nft "add set inet slash32 timed { type ipv4_addr; flags timeout; }"');
      const table = await list();
      const rules = table?.chains.get('group')?.rules ?? [];
      expect(rules.map(({ comment }) => comment)).toEqual(['all #1', '', 'mine']);
      expect(rules[0]?.text).toBe('');
      expect(rules[1]?.text).toContain('accept');
      expect(table?.sets.get('timed')?.type).toBe('ipv4_addr flags timeout');
    });

    test('a dormant table counts as absent, and adding it wakes it', async () => {
      await kernel.nft.apply(BASE);
      sh('nft "add table inet slash32 { flags dormant; }"');
      expect(await list()).toBeUndefined();
      await kernel.nft.apply([{ op: 'add-table', table: TABLE }]);
      expect((await list())?.sets.has('nets')).toBe(true);
    });

    test('a hanging nft is a timeout, and an absent one says what to install', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'slash32-test-'));
      const command = join(directory, 'nft');
      writeFileSync(command, '#!/bin/sh\nexec sleep 60\n', { mode: 0o700 });
      const clock = new SystemClock();
      const hanging = new KernelNftTransactor({ clock, command, timeoutMs: 50 });
      expect(hasErrorCode(await failureOf(hanging.apply(BASE)), 'nft.timeout')).toBe(true);
      await hanging[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true });
      await using absent = new KernelNftTransactor({ clock, command });
      const failure = await failureOf(absent.apply(BASE));
      if (!hasErrorCode(failure, 'nft.unavailable')) throw failure;
      expect(failure.message).toContain('Debian package nftables');
    });
  });
}
