import {
  type Datastore,
  type DatastoreEntry,
  FabricError,
  type Host,
  keyOf,
  type Resource,
  type ResourceKey,
  type WritePrecondition,
} from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../src/cli/exit-code.ts';
import { applyResource } from '../src/fabric/apply-resource.ts';

const host = (address: string, status?: Record<string, unknown>): Host => ({
  apiVersion: 'slash32.dev/v1',
  kind: 'Host',
  metadata: { name: 'a', labels: {} },
  spec: { address, blocks: [] },
  ...(status === undefined ? {} : { status }),
});

/** One resource, which somebody else changes to the next of `rivals` just before each write. */
class ContestedDatastore implements Datastore {
  readonly description = 'contested';
  readonly #rivals: Resource[];
  #entry: DatastoreEntry | undefined;
  #revision = 0;

  constructor(present: Resource | undefined, rivals: readonly Resource[]) {
    this.#rivals = [...rivals];
    if (present !== undefined) this.#store(present);
  }

  async list() {
    return { entries: this.#entry === undefined ? [] : [this.#entry], problems: [] };
  }

  async get(_key: ResourceKey): Promise<DatastoreEntry | undefined> {
    return this.#entry;
  }

  watch(): never {
    throw new Error('not watched here');
  }

  async put(resource: Resource, { expectedRevision }: WritePrecondition = {}): Promise<DatastoreEntry> {
    const rival = this.#rivals.shift();
    if (rival !== undefined) this.#store(rival);
    if ((this.#entry?.revision ?? null) !== expectedRevision) throw new FabricError('datastore.conflict', 'changed');
    return this.#store(resource);
  }

  async delete(): Promise<boolean> {
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #store(resource: Resource): DatastoreEntry {
    this.#revision += 1;
    this.#entry = { key: keyOf(resource), resource, revision: String(this.#revision) };
    return this.#entry;
  }
}

describe('applying against others who write', () => {
  it('reports what it replaced in the end, not what it saw first', async () => {
    const datastore = new ContestedDatastore(undefined, [host('192.0.2.1')]);
    expect(await applyResource(datastore, host('192.0.2.2'), undefined, false)).toEqual({
      key: 'Host/a',
      action: 'configured',
      changed: ['spec.address'],
    });
    expect((await datastore.get('Host/a'))?.resource).toEqual(host('192.0.2.2'));
  });

  it('is content if the other wrote the same', async () => {
    const datastore = new ContestedDatastore(undefined, [host('192.0.2.2')]);
    expect(await applyResource(datastore, host('192.0.2.2'), undefined, false)).toMatchObject({ action: 'unchanged' });
  });

  it('keeps a status that came meanwhile', async () => {
    const datastore = new ContestedDatastore(host('192.0.2.1'), [host('192.0.2.1', { state: 'up' })]);
    await applyResource(datastore, host('192.0.2.2'), await datastore.get('Host/a'), false);
    expect((await datastore.get('Host/a'))?.resource).toEqual(host('192.0.2.2', { state: 'up' }));
  });

  it('keeps when another created it', async () => {
    const created = (resource: Host): Host => ({
      ...resource,
      metadata: { ...resource.metadata, creationTimestamp: '2026-01-01T00:00:00.000Z' },
    });
    const datastore = new ContestedDatastore(undefined, [created(host('192.0.2.1'))]);
    await applyResource(datastore, host('192.0.2.2'), undefined, false);
    expect((await datastore.get('Host/a'))?.resource).toEqual(created(host('192.0.2.2')));
  });

  it('gives up after three lost races, with exit code 5', async () => {
    const rivals = [3, 4, 5].map((last) => host(`192.0.2.${last}`));
    const datastore = new ContestedDatastore(host('192.0.2.1'), rivals);
    const error = await applyResource(datastore, host('192.0.2.2'), await datastore.get('Host/a'), false).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      code: 'datastore.conflict',
      message: expect.stringContaining('run the command again'),
    });
    expect(exitCodeOf(error)).toBe(5);
    expect((await datastore.get('Host/a'))?.resource).toEqual(rivals[2]);
  });
});
