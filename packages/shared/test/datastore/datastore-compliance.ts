import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Datastore, keyOf, type Resource, withCreationTimestamp } from '../../src/index.ts';
import { sampleAddressGroup, sampleHost, sampleInstance } from '../support/sample-resources.ts';
import { until } from '../support/until.ts';
import { WatchRecorder } from '../support/watch-recorder.ts';

/** Two clients of one, empty datastore; `dispose` ends both and removes it. */
export interface ComplianceSubject {
  readonly first: Datastore;
  readonly second: Datastore;
  dispose(): Promise<void>;
}

/** What every implementation of `Datastore` must do. */
export function datastoreCompliance(name: string, make: () => Promise<ComplianceSubject>): void {
  const withSubject =
    (run: (subject: ComplianceSubject) => Promise<void>): (() => Promise<void>) =>
    async () => {
      const subject = await make();
      try {
        await run(subject);
      } finally {
        await subject.dispose();
      }
    };

  describe(`datastore compliance: ${name}`, () => {
    test(
      'an empty datastore lists nothing and is in sync at once',
      withSubject(async ({ first }) => {
        expect(await first.list()).toEqual({ entries: [], problems: [] });
        await using watch = new WatchRecorder(first);
        await watch.untilInSync();
        expect(watch.state.size).toBe(0);
      }),
    );

    test(
      'what one client puts, the other gets, lists and watches',
      withSubject(async ({ first, second }) => {
        await using watch = new WatchRecorder(second);
        await watch.untilInSync();
        const host = sampleHost('compute-a1');
        const entry = await first.put(host);
        expect(entry).toMatchObject({ key: 'Host/compute-a1', resource: host });
        expect((await second.get('Host/compute-a1'))?.resource).toEqual(entry.resource);
        expect((await second.get('Host/compute-a1'))?.revision).toBe(entry.revision);
        expect((await second.list()).entries.map(({ key, revision }) => ({ key, revision }))).toEqual([
          { key: entry.key, revision: entry.revision },
        ]);
        await until('the watch saw it', () => watch.state.get(entry.key)?.revision === entry.revision);
      }),
    );

    test(
      'a watch delivers all that exists before in-sync, and in-sync once',
      withSubject(async ({ first }) => {
        await first.put(sampleHost('a'));
        await first.put(sampleInstance('web-1'));
        await using watch = new WatchRecorder(first);
        await watch.untilInSync();
        await first.put(sampleHost('b'));
        await until('the later one came', () => watch.state.has('Host/b'));
        const types = watch.events.map((event) => (event.type === 'put' ? event.entry.key : event.type));
        const syncAt = types.indexOf('in-sync');
        expect(types.filter((type) => type === 'in-sync')).toHaveLength(1);
        expect(types.slice(0, syncAt)).toEqual(expect.arrayContaining(['Host/a', 'Instance/tenant-a/web-1']));
        expect(types.indexOf('Host/b')).toBeGreaterThan(syncAt);
      }),
    );

    test(
      'get of a missing resource is undefined',
      withSubject(async ({ first }) => {
        expect(await first.get('Host/none')).toBeUndefined();
      }),
    );

    test(
      'putting what is there already changes no revision and wakes no watch',
      withSubject(async ({ first, second }) => {
        const before = await first.put(sampleHost('a'));
        await using watch = new WatchRecorder(second);
        await watch.untilInSync();
        expect((await first.put(sampleHost('a'))).revision).toBe(before.revision);
        await first.put(sampleHost('b'));
        await until('a later change came', () => watch.state.has('Host/b'));
        expect(watch.events.filter((event) => event.type === 'put' && event.entry.key === 'Host/a')).toHaveLength(1);
      }),
    );

    test(
      'a changed resource has another revision',
      withSubject(async ({ first }) => {
        const before = await first.put(sampleHost('a', '192.0.2.1'));
        const after = await first.put(sampleHost('a', '192.0.2.2'));
        expect(after.revision).not.toBe(before.revision);
        expect((await first.list()).entries).toHaveLength(1);
      }),
    );

    test(
      'delete says whether there was one, and reaches watches',
      withSubject(async ({ first, second }) => {
        await first.put(sampleHost('a'));
        await using watch = new WatchRecorder(second);
        await watch.untilInSync();
        expect(await first.delete('Host/a')).toBe(true);
        expect(await first.delete('Host/a')).toBe(false);
        expect(await second.get('Host/a')).toBeUndefined();
        await until('the watch saw it go', () => !watch.state.has('Host/a'));
      }),
    );

    test(
      'preconditions: only if absent, only if unchanged, never against a deleted one',
      withSubject(async ({ first, second }) => {
        const created = await first.put(sampleHost('a'), { expectedRevision: null });
        await expect(second.put(sampleHost('a', '192.0.2.9'), { expectedRevision: null })).rejects.toMatchObject({
          code: 'datastore.conflict',
          message: expect.stringContaining('Host/a exists already'),
        });
        const changed = await second.put(sampleHost('a', '192.0.2.2'), { expectedRevision: created.revision });
        await expect(
          first.put(sampleHost('a', '192.0.2.3'), { expectedRevision: created.revision }),
        ).rejects.toMatchObject({
          code: 'datastore.conflict',
          message: expect.stringContaining('read it again'),
        });
        await expect(first.delete('Host/a', { expectedRevision: created.revision })).rejects.toMatchObject({
          code: 'datastore.conflict',
        });
        expect(await first.delete('Host/a', { expectedRevision: changed.revision })).toBe(true);
        await expect(first.put(sampleHost('a'), { expectedRevision: changed.revision })).rejects.toMatchObject({
          code: 'datastore.conflict',
          message: expect.stringContaining('was deleted'),
        });
      }),
    );

    test(
      'of many clients that change one revision, one wins',
      withSubject(async ({ first, second }) => {
        const base = await first.put(sampleHost('a'));
        const outcomes = await Promise.allSettled(
          Array.from({ length: 8 }, (_, index) =>
            (index % 2 === 0 ? first : second).put(sampleHost('a', `192.0.2.${index + 10}`), {
              expectedRevision: base.revision,
            }),
          ),
        );
        expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
      }),
    );

    test(
      'an aborted watch ends without an error, and so does one of a disposed datastore',
      withSubject(async ({ first, second }) => {
        const watch = new WatchRecorder(first);
        await watch.untilInSync();
        await watch.stop();
        expect(watch.ended).toBe(true);
        const other = new WatchRecorder(second);
        await other.untilInSync();
        await second[Symbol.asyncDispose]();
        await until('the watch ended', () => other.ended);
      }),
    );

    test(
      'every kind of field survives',
      withSubject(async ({ first, second }) => {
        const resources: Resource[] = [
          sampleInstance('web-1', { role: 'web', 'example.org/rack': '1', yes: 'no', empty: '' }),
          sampleAddressGroup('office', ['198.51.100.0/24', '2001:db8::/32']),
          { ...sampleHost('a'), status: { ready: true, since: '2026-01-01T00:00:00Z', count: 3, list: [1, null] } },
        ];
        for (const resource of resources) {
          const written = withCreationTimestamp(resource, '2026-01-01T00:00:00.000Z');
          await first.put(written);
          expect((await second.get(keyOf(resource)))?.resource).toEqual(written);
        }
      }),
    );

    test(
      'a resource is created once: later versions keep the time unless they bring another',
      withSubject(async ({ first, second }) => {
        const timeOf = async (): Promise<string | undefined> =>
          (await second.get('Host/a'))?.resource.metadata.creationTimestamp;
        const beforeMs = Date.now();
        const entry = await first.put(sampleHost('a', '192.0.2.1'));
        const created = entry.resource.metadata.creationTimestamp;
        expect(Date.parse(created ?? '')).toBeGreaterThanOrEqual(beforeMs);
        expect(Date.parse(created ?? '')).toBeLessThanOrEqual(Date.now());
        await second.put(sampleHost('a', '192.0.2.2'));
        expect(await timeOf()).toBe(created);
        const other = '2026-01-01T00:00:00.000Z';
        await first.put(withCreationTimestamp(sampleHost('a', '192.0.2.2'), other));
        expect(await timeOf()).toBe(other);
        await first.delete('Host/a');
        await first.put(sampleHost('a', '192.0.2.1'));
        expect(Date.parse((await timeOf()) ?? '')).toBeGreaterThanOrEqual(beforeMs);
      }),
    );

    test(
      'whatever two clients do, watches end up with what list says',
      withSubject(async ({ first, second }) => {
        await using watch = new WatchRecorder(second);
        await watch.untilInSync();
        const operation = fc.record({
          client: fc.boolean(),
          name: fc.constantFrom('a', 'b', 'c'),
          octet: fc.option(fc.integer({ min: 1, max: 3 })),
        });
        await fc.assert(
          fc.asyncProperty(fc.array(operation, { maxLength: 12 }), async (operations) => {
            for (const { client, name: host, octet } of operations) {
              const datastore = client ? first : second;
              if (octet === null) await datastore.delete(`Host/${host}`);
              else await datastore.put(sampleHost(host, `192.0.2.${octet}`));
            }
            const { entries } = await first.list();
            const expected = entries.map((entry) => `${entry.key} ${entry.revision}`).sort();
            await until('the watch caught up', () => {
              const seen = [...watch.state.values()].map((entry) => `${entry.key} ${entry.revision}`).sort();
              return seen.join() === expected.join();
            });
          }),
          { numRuns: 15 },
        );
      }),
    );
  });
}
