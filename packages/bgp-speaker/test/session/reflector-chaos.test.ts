import { FakeClock } from '@slash32/shared';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LabHost } from '../lab/lab-host.ts';
import { MemoryNetwork } from '../lab/memory-transport.ts';

const SECOND = 1000;
const SPOKES = [1, 2, 3] as const;
type Spoke = (typeof SPOKES)[number];

/** How the hub holds its session with a spoke. */
interface SpokeSpec {
  readonly client: boolean;
  readonly send: 'all' | 'multipath' | 2 | undefined;
  readonly refuses: boolean;
  readonly localPref: 50 | 100;
}

type Step =
  | { readonly op: 'kill' | 'start'; readonly host: 0 | Spoke }
  | { readonly op: 'spec'; readonly spoke: Spoke; readonly spec: SpokeSpec }
  | { readonly op: 'remove'; readonly spoke: Spoke }
  | { readonly op: 'instance'; readonly host: 0 | Spoke; readonly number: number; readonly present: boolean }
  | { readonly op: 'clear'; readonly spoke: Spoke; readonly soft: 'in' | 'out' | undefined }
  | { readonly op: 'wait'; readonly ms: number };

const spoke = fc.constantFrom<Spoke>(...SPOKES);
const host = fc.constantFrom<0 | Spoke>(0, ...SPOKES);
const spec: fc.Arbitrary<SpokeSpec> = fc.record({
  client: fc.boolean(),
  send: fc.constantFrom<SpokeSpec['send']>('all', 'multipath', 2, undefined),
  refuses: fc.boolean(),
  localPref: fc.constantFrom(50, 100),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('instance' as const),
      host,
      number: fc.integer({ min: 1, max: 3 }),
      present: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('spec' as const), spoke, spec }) },
  fc.record({ op: fc.constant('remove' as const), spoke }),
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constantFrom('kill' as const, 'start' as const, 'start' as const), host }),
  },
  fc.record({ op: fc.constant('clear' as const), spoke, soft: fc.constantFrom('in', 'out', undefined) }),
  { weight: 3, arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.constantFrom(1, 50, 3000, 30_000) }) },
);

/** A route reflector and three others, all in one AS, that may announce the same prefixes. */
class Lab {
  readonly clock = new FakeClock();
  readonly #network = new MemoryNetwork(this.clock);
  readonly hosts = [100, 1, 2, 3].map(
    (number) =>
      new LabHost(this.clock, this.#network, { name: `h${number}`, address: `192.0.2.${number}`, asNumber: 64_600 }),
  );
  readonly #running = new Set<number>();
  readonly #specs = new Map<Spoke, SpokeSpec>();
  readonly #instances = new Map<number, Set<string>>(this.hosts.map((_, index) => [index, new Set()]));

  async prepare(): Promise<void> {
    for (const [index, each] of this.hosts.entries()) {
      await each.prepare();
      each.putPolicy(
        'most',
        { match: { prefixes: [{ cidr: '198.51.100.1/32' }] }, action: 'reject' },
        { action: 'accept' },
      );
      each.putPolicy('less', { action: 'accept', set: { localPref: 50 } });
      if (index > 0) each.addPeer('hub', '192.0.2.100', 64_600, { ...TIMES, addPaths: { receive: true } });
    }
  }

  /** The same resources and instances in a world without a past. */
  async fromScratch(): Promise<Lab> {
    const fresh = new Lab();
    await fresh.prepare();
    for (const [index, prefixes] of this.#instances) {
      for (const prefix of prefixes) await fresh.#setInstance(index, prefix, true);
    }
    for (const [number, each] of this.#specs) fresh.#setSpec(number, each);
    await fresh.startAll();
    return fresh;
  }

  async startAll(): Promise<void> {
    for (const index of this.hosts.keys()) await this.#start(index);
    await this.clock.advanceAsync(400 * SECOND);
  }

  async apply(action: Step): Promise<void> {
    switch (action.op) {
      case 'kill':
        if (this.#running.delete(action.host)) this.#host(action.host).kill();
        return;
      case 'start':
        return this.#start(action.host);
      case 'spec':
        return this.#setSpec(action.spoke, action.spec);
      case 'remove':
        this.#specs.delete(action.spoke);
        this.#host(0).peers.delete(`to-h${action.spoke}`);
        if (this.#running.has(0)) this.#host(0).applyResources();
        return;
      case 'instance':
        return this.#setInstance(action.host, `198.51.100.${action.number}/32`, action.present);
      case 'clear': {
        const hub = this.#host(0);
        const peer = `to-h${action.spoke}`;
        const isUp =
          this.#running.has(0) && this.#specs.has(action.spoke) && hub.neighbor(peer).state === 'Established';
        if (isUp) hub.clear({ peer, ...(action.soft === undefined ? {} : { soft: action.soft }) });
        return;
      }
      case 'wait':
        await this.clock.advanceAsync(action.ms);
        return;
    }
  }

  /** What each spoke has of the hub, without what depends on the past: the identifiers. */
  received(): readonly (readonly string[])[] {
    return SPOKES.map((number) =>
      this.#host(number)
        .routes({ view: 'received', peer: 'hub' })
        .map(({ prefix, nextHop, localPref, stale }) => `${prefix} via ${nextHop} ${localPref}${stale ? ' stale' : ''}`)
        .toSorted(),
    );
  }

  #host(index: number): LabHost {
    const found = this.hosts[index];
    if (found === undefined) throw new Error(`no host ${index}`);
    return found;
  }

  async #start(index: number): Promise<void> {
    if (this.#running.has(index)) return;
    this.#running.add(index);
    await this.#host(index).start();
  }

  #setSpec(number: Spoke, { client, send, refuses, localPref }: SpokeSpec): void {
    this.#specs.set(number, { client, send, refuses, localPref });
    this.#host(0).addPeer(`to-h${number}`, `192.0.2.${number}`, 64_600, {
      ...TIMES,
      routeReflectorClient: client,
      ...(send === undefined ? {} : { addPaths: { send } }),
      export: [refuses ? 'most' : 'default-export'],
      import: [localPref === 50 ? 'less' : 'default-import'],
    });
  }

  async #setInstance(index: number, prefix: string, present: boolean): Promise<void> {
    const instances = this.#instances.get(index);
    if (present) {
      instances?.add(prefix);
      this.#host(index).addInstance(prefix);
    } else if (instances?.delete(prefix)) {
      await this.#host(index).removeInstance(prefix);
    }
  }
}

const TIMES = { families: ['ipv4-unicast'], holdTimeSeconds: 9, connectRetrySeconds: 1 };

it('a route reflector, after whatever happened, has told everybody what it would tell them had it just begun', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const lab = new Lab();
      await lab.prepare();
      for (const number of SPOKES) {
        await lab.apply({
          op: 'spec',
          spoke: number,
          spec: { client: number === 1, send: number === 2 ? 'all' : undefined, refuses: false, localPref: 100 },
        });
      }
      await lab.startAll();
      for (const action of steps) await lab.apply(action);
      await lab.startAll();
      const fresh = await lab.fromScratch();
      expect(lab.received()).toEqual(fresh.received());
    }),
    { numRuns: 40 },
  );
}, 60_000);
