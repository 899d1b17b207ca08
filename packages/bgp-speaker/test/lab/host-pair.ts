import { FakeClock } from '@slash32/shared';
import type { BfdSessions } from '../../src/bfd/bfd-service.ts';
import { LabHost } from './lab-host.ts';
import { MemoryNetwork } from './memory-transport.ts';

export interface HostPairSettings {
  /** They have 2001:db8::1 and 2001:db8::2, too. */
  readonly ipv6?: boolean;
  /** Of `a`. */
  readonly bfd?: BfdSessions;
}

/** Two hosts on one memory network, not started: `a`, 192.0.2.1 in AS 64601, and `b`, 192.0.2.2 in AS 64602. */
export class HostPair {
  readonly clock = new FakeClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly a: LabHost;
  readonly b: LabHost;

  constructor({ ipv6 = false, bfd }: HostPairSettings = {}) {
    this.a = new LabHost(this.clock, this.network, {
      name: 'a',
      address: '192.0.2.1',
      ...(ipv6 && { address6: '2001:db8::1' }),
      asNumber: 64_601,
      ...(bfd !== undefined && { bfd }),
    });
    this.b = new LabHost(this.clock, this.network, {
      name: 'b',
      address: '192.0.2.2',
      ...(ipv6 && { address6: '2001:db8::2' }),
      asNumber: 64_602,
    });
  }

  /** Their addresses, so that next hops are on link. */
  async prepare(): Promise<void> {
    await this.a.prepare();
    await this.b.prepare();
  }

  /** Advances the clock until the session of the peers `to-b` and `to-a` is up on both sides. */
  async established(withinSeconds: number): Promise<void> {
    const states = () => [this.a.neighbor('to-b').state, this.b.neighbor('to-a').state];
    for (let waitedMs = 0; waitedMs < withinSeconds * 1000; waitedMs += 50) {
      if (states().every((state) => state === 'Established')) return;
      await this.clock.advanceAsync(50);
    }
    throw new Error(`no session: ${states().join(' at a, ')} at b`);
  }
}
