import { silentLogger } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { DriftLedger } from '../src/dataplane/drift-ledger.ts';
import { ManagedObjects } from '../src/dataplane/managed-objects.ts';

interface Thing {
  readonly name: string;
  readonly value: number;
}

/** A table in memory that refuses what `refused` names. */
class ThingTable {
  readonly kernel = new Map<string, number>();
  readonly refused = new Set<string>();
  lists = 0;
  readonly kind = 'route';
  readonly unwantedIsDrift = true;
  readonly keyOf = ({ name }: Thing): string => name;
  readonly textOf = ({ name, value }: Thing): string => `${name}=${value}`;
  readonly describe = ({ name, value }: Thing): string => `${name}=${value}`;

  async list(): Promise<Thing[]> {
    this.lists += 1;
    return [...this.kernel].map(([name, value]) => ({ name, value }));
  }

  async apply(removals: readonly Thing[], additions: readonly Thing[]): Promise<Map<Thing, string>> {
    const failed = new Map<Thing, string>();
    for (const thing of removals) {
      if (this.refused.has(thing.name)) failed.set(thing, 'busy');
      else this.kernel.delete(thing.name);
    }
    for (const thing of additions) {
      if (this.refused.has(thing.name)) failed.set(thing, 'busy');
      else this.kernel.set(thing.name, thing.value);
    }
    return failed;
  }
}

function setUp() {
  const table = new ThingTable();
  const found: string[] = [];
  const drift = new DriftLedger(silentLogger, (kind) => found.push(kind));
  return { table, found, drift, objects: new ManagedObjects<Thing>(table, silentLogger, drift) };
}

describe('ManagedObjects', () => {
  it('adopts what the kernel has and removes its leftovers, without calling any of it drift', async () => {
    const { table, drift, objects } = setUp();
    table.kernel.set('kept', 1).set('leftover', 2);
    objects.want('a', [{ name: 'kept', value: 1 }]);
    await objects.refresh();
    expect(await objects.withdraw()).toEqual([{ name: 'leftover', value: 2 }]);
    expect(await objects.install()).toEqual(new Map());
    expect(objects.counts).toEqual({ added: 0, removed: 1 });
    expect(drift.total).toBe(0);
  });

  it('lists only on suspicion, and calls drift what became wrong since', async () => {
    const { table, found, objects } = setUp();
    objects.want('a', [
      { name: 'x', value: 1 },
      { name: 'y', value: 1 },
    ]);
    await objects.refresh();
    await objects.install();
    await objects.refresh();
    expect(table.lists).toBe(1);
    table.kernel.delete('x');
    table.kernel.set('y', 9).set('stranger', 0);
    objects.want('b', [{ name: 'z', value: 1 }]); // pending, and no drift
    objects.suspect();
    await objects.refresh();
    expect(found).toHaveLength(3);
    await objects.withdraw();
    await objects.install();
    expect([...table.kernel].sort()).toEqual([
      ['x', 1],
      ['y', 1],
      ['z', 1],
    ]);
  });

  it('holds back what its owner may not have yet, and clears its place', async () => {
    const { table, objects } = setUp();
    table.kernel.set('x', 1);
    objects.want('a', [{ name: 'x', value: 2 }]);
    await objects.refresh();
    await objects.withdraw(() => false);
    expect(table.kernel.size).toBe(0);
    await objects.install(() => false);
    expect(table.kernel.size).toBe(0);
    expect(objects.settled('a')).toBe(false);
    await objects.install((owner) => owner === 'a');
    expect(table.kernel.get('x')).toBe(2);
    expect(objects.settled('a')).toBe(true);
  });

  it('reports refusals by owner, does the rest, and looks again', async () => {
    const { table, objects } = setUp();
    await objects.refresh();
    table.refused.add('bad');
    objects.want('a', [{ name: 'bad', value: 1 }]);
    objects.want('b', [{ name: 'good', value: 1 }]);
    const failures = await objects.install();
    expect([...failures]).toEqual([['a', 'route bad=1: busy']]);
    expect(objects.settled('b')).toBe(true);
    await objects.refresh();
    expect(table.lists).toBe(2);
    table.refused.clear();
    expect(await objects.install()).toEqual(new Map());
    expect(objects.settled('a')).toBe(true);
  });
});
