import { FakeClock } from '@slash32/shared';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LabHost } from '../lab/lab-host.ts';
import { MemoryNetwork } from '../lab/memory-transport.ts';

const SECOND = 1000;

type Step =
  | { readonly op: 'kill' | 'vanish' | 'terminate' | 'start' | 'reconfigure' | 'clear'; readonly host: 0 | 1 }
  | { readonly op: 'partition' | 'heal' }
  | { readonly op: 'instance'; readonly host: 0 | 1; readonly number: number; readonly present: boolean }
  | { readonly op: 'wait'; readonly ms: number };

const host = fc.constantFrom<0 | 1>(0, 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ op: fc.constantFrom('kill', 'vanish', 'terminate', 'start', 'start', 'reconfigure', 'clear'), host }),
  fc.record({ op: fc.constantFrom('partition', 'heal', 'heal') }),
  fc.record({ op: fc.constant('instance'), host, number: fc.integer({ min: 1, max: 5 }), present: fc.boolean() }),
  fc.record({ op: fc.constant('wait'), ms: fc.constantFrom(1, 2, 3, 50, 700, 5000, 60_000, 130_000) }),
);

/** How each side is configured: what is kept while the other is away, and who speaks first. */
const terms = fc.record(
  {
    gracefulRestart: fc.record(
      {
        restartTimeSeconds: fc.constantFrom(5, 120),
        notifications: fc.boolean(),
        longLivedStaleTimeSeconds: fc.constantFrom(20, 1000),
      },
      { requiredKeys: [] },
    ),
    delayOpenSeconds: fc.constantFrom(1, 20),
  },
  { requiredKeys: [] },
);
type Terms = typeof terms extends fc.Arbitrary<infer Value> ? Value : never;

/** Two hosts that run, or not, with the instances that they should have. */
class Pair {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly hosts: readonly [LabHost, LabHost] = [
    new LabHost(this.clock, this.network, { name: 'a', address: '192.0.2.1', asNumber: 64_601 }),
    new LabHost(this.clock, this.network, { name: 'b', address: '192.0.2.2', asNumber: 64_602 }),
  ];
  readonly running: [boolean, boolean] = [false, false];
  readonly instances: readonly [Set<string>, Set<string>] = [new Set(), new Set()];
  readonly #byRange: boolean;
  readonly #terms: readonly [Terms, Terms];
  #holdTimeSeconds = 9;

  /** `byRange`: the first waits for the second to call from a range. */
  constructor(byRange: boolean, ofBoth: readonly [Terms, Terms]) {
    this.#byRange = byRange;
    this.#terms = ofBoth;
  }

  /** What each calls the other. */
  get names(): readonly [string, string] {
    return [this.#byRange ? 'peer/192.0.2.2' : 'peer', 'peer'];
  }

  async prepare(): Promise<void> {
    for (const each of this.hosts) await each.prepare();
    this.#configure(0);
    this.#configure(1);
    await this.start(0);
    await this.start(1);
  }

  #configure(index: 0 | 1): void {
    const [address, asNumber] = index === 0 ? ['192.0.2.2', 64_602] : ['192.0.2.1', 64_601];
    const spec = { families: ['ipv4-unicast'], holdTimeSeconds: this.#holdTimeSeconds, ...this.#terms[index] };
    if (index === 0 && this.#byRange) this.hosts[index].addRange('peer', '192.0.2.0/29', 'external', spec);
    else this.hosts[index].addPeer('peer', address, asNumber, spec);
  }

  async start(index: 0 | 1): Promise<void> {
    if (this.running[index]) return;
    this.running[index] = true;
    await this.hosts[index].start();
  }

  async apply(action: Step): Promise<void> {
    switch (action.op) {
      case 'kill':
      case 'vanish':
      case 'terminate':
        if (!this.running[action.host]) return;
        this.running[action.host] = false;
        if (action.op === 'kill') this.hosts[action.host].kill();
        else if (action.op === 'vanish') this.hosts[action.host].vanish();
        else this.hosts[action.host].shutDown();
        return;
      case 'start':
        await this.start(action.host);
        return;
      case 'reconfigure':
        if (!this.running[action.host]) return;
        this.#holdTimeSeconds = this.#holdTimeSeconds === 9 ? 12 : 9;
        this.#configure(action.host);
        return;
      case 'clear': {
        const each = this.hosts[action.host];
        const name = this.names[action.host];
        if (this.running[action.host] && each.speaker.neighbors.has(name)) each.clear({ peer: name });
        return;
      }
      case 'partition':
      case 'heal':
        this.network.partitioned = action.op === 'partition';
        return;
      case 'instance': {
        const prefix = `198.51.100.${action.host * 10 + action.number}/32`;
        if (action.present) {
          this.instances[action.host].add(prefix);
          this.hosts[action.host].addInstance(prefix);
        } else {
          this.instances[action.host].delete(prefix);
          await this.hosts[action.host].removeInstance(prefix);
        }
        return;
      }
      case 'wait':
        await this.clock.advanceAsync(action.ms);
        return;
    }
  }
}

it.each([
  ['each calling the other', false],
  ['one calling from a range of the other', true],
])(
  'two speakers always find together again, with exactly the routes that there are: %s',
  async (_how, byRange) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.tuple(terms, terms), async (steps, ofBoth) => {
        const pair = new Pair(byRange, ofBoth);
        await pair.prepare();
        for (const action of steps) await pair.apply(action);
        pair.network.partitioned = false;
        await pair.start(0);
        await pair.start(1);
        // More than the four minutes that an OPEN may be waited for (RFC 4271 8.2.2).
        await pair.clock.advanceAsync(300 * SECOND);

        const [a, b] = pair.hosts;
        const [ofA, ofB] = pair.names;
        expect(a.neighbor(ofA).state).toBe('Established');
        expect(b.neighbor(ofB).state).toBe('Established');
        const expected = (from: 0 | 1, via: string) =>
          [...pair.instances[from]].map((prefix) => `${prefix} via ${via}`).sort();
        expect(a.learned()).toEqual(expected(1, '192.0.2.2'));
        expect(b.learned()).toEqual(expected(0, '192.0.2.1'));
        expect(a.speaker.isDeferralOver && b.speaker.isDeferralOver).toBe(true);
        expect(a.neighbor(ofA).gracefulRestart).toEqual({ peerRestarting: false, staleRoutes: 0 });
        expect(pair.network.openConnections).toBe(2);
        expect(pair.clock.pendingTimers).toBeLessThan(16);
      }),
      { numRuns: 150 },
    );
  },
  60_000,
);
