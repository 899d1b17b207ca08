import { FakeClock } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import {
  type CodecContext,
  decodeUpdate,
  initialContext,
  ipv4PrefixKey,
  type PrefixKey,
  prefixKeyFromText,
} from '../../src/codec/index.ts';
import type { ExportRoute } from '../../src/rib/adj-rib-out.ts';
import { makePath } from '../../src/rib/path.ts';
import { UpdateSender } from '../../src/session/update-sender.ts';
import { attributes, source } from '../lab/paths.ts';

const CONTEXT: CodecContext = {
  ...initialContext('ebgp'),
  fourOctetAs: true,
  families: new Set(['ipv4-unicast', 'ipv6-unicast']),
};
const ROUTE: ExportRoute = { attributes: attributes([64_601]), nextHop: { address: '192.0.2.1' } };
const ROUTE6: ExportRoute = { attributes: attributes([64_601]), nextHop: { address: '2001:db8::1' } };

/** A socket whose reader may stop reading. */
class Sink {
  readonly #context: CodecContext;
  bufferedOctets = 0;
  reading = true;
  readonly table = new Map<PrefixKey, string>();
  readonly messages: string[] = [];

  constructor(context: CodecContext = CONTEXT) {
    this.#context = context;
  }

  write(octets: Uint8Array): void {
    if (!this.reading) this.bufferedOctets += octets.length;
    const update = decodeUpdate(octets, this.#context);
    if (update.endOfRib !== undefined) this.messages.push(`EoR ${update.endOfRib}`);
    for (const { prefixes } of update.withdrawn) {
      this.messages.push(`-${prefixes.length}`);
      for (const key of prefixes) this.table.delete(key);
    }
    for (const { prefixes, nextHop } of update.reachable) {
      this.messages.push(`+${prefixes.length}`);
      for (const key of prefixes) this.table.set(key, nextHop.address);
    }
  }
}

function newSender(
  sink: Sink,
  clock = new FakeClock(),
): { readonly sender: UpdateSender; readonly count: () => number } {
  let messages = 0;
  const sender = new UpdateSender({
    sink,
    context: CONTEXT,
    clock,
    onMessage: (count) => {
      messages += count;
    },
  });
  return { sender, count: () => messages };
}

const always = (route: ExportRoute) => ({ routeOf: () => route });
const locals = (keys: readonly PrefixKey[]) => keys.map((key) => [key, 0] as const);
const prefixes = (count: number): readonly PrefixKey[] =>
  Array.from({ length: count }, (_, index) => ipv4PrefixKey(0x0a000000 + index, 32));

describe('update sender', () => {
  it('sends the initial routes, then End-of-RIB of each family, also of one that it does not export', () => {
    const sink = new Sink();
    const { sender, count } = newSender(sink);
    sender.setExport('ipv4-unicast', always(ROUTE), locals(prefixes(2)));
    sender.setExport('ipv6-unicast', undefined, locals(prefixes(2)));
    sender.flush();
    expect(sink.messages).toEqual(['+2', 'EoR ipv4-unicast', 'EoR ipv6-unicast']);
    expect(count()).toBe(3);
    expect(sender.advertised('ipv4-unicast')).toBe(2);
  });

  it('sends a change at once, alone, and no second End-of-RIB', () => {
    const sink = new Sink();
    const clock = new FakeClock();
    const { sender } = newSender(sink, clock);
    sender.setExport('ipv4-unicast', always(ROUTE), []);
    sender.setExport('ipv6-unicast', always(ROUTE6), []);
    sender.flush();
    sink.messages.length = 0;
    sender.setLocal(prefixKeyFromText('2001:db8:1::1/128'), 0);
    sender.flush();
    expect(sink.messages).toEqual(['+1']);
    clock.advance(10);
    sender.setLocal(prefixKeyFromText('2001:db8:1::1/128'), undefined);
    sender.flush();
    expect(sink.messages).toEqual(['+1', '-1']);
  });

  it('says nothing before the family’s next hop is known', () => {
    const sink = new Sink();
    const { sender } = newSender(sink);
    sender.setLocal(ipv4PrefixKey(1, 32), 0);
    sender.flush();
    expect(sink.messages).toEqual([]);
  });

  it('holds changes back while the peer does not read, lets them cancel, and ends up right', () => {
    const sink = new Sink();
    const { sender } = newSender(sink);
    sender.setExport('ipv4-unicast', always(ROUTE), locals(prefixes(50_000)));
    sink.reading = false;
    sender.flush();
    const [inFlight] = [sink.bufferedOctets];
    expect(inFlight).toBeLessThan(600_000);
    for (let round = 0; round < 10; round += 1) {
      for (const key of prefixes(1000)) sender.setLocal(key, round % 2 === 1 ? 0 : undefined);
      sender.flush();
    }
    expect(sink.bufferedOctets).toBe(inFlight);
    expect(sender.pending).toBe(0);
    for (const key of prefixes(1000)) sender.setLocal(key, undefined);
    sender.flush();
    expect(sender.pending).toBe(1000);
    sink.reading = true;
    sink.bufferedOctets = 0;
    sender.flush();
    expect(sink.table.size).toBe(49_000);
    expect(sink.messages.filter((text) => text.startsWith('EoR'))).toEqual(['EoR ipv4-unicast']);
  });

  it('packs a full table into as few messages as the standard allows', () => {
    const sink = new Sink();
    const { sender, count } = newSender(sink);
    sender.setExport('ipv4-unicast', always(ROUTE), locals(prefixes(60_000)));
    sender.flush();
    expect(count()).toBeLessThanOrEqual(Math.ceil(60_000 / 810) + 1);
  });

  it.each([
    ['', CONTEXT],
    [' with ADD-PATH', { ...CONTEXT, addPathSend: CONTEXT.families, addPathReceive: CONTEXT.families }],
  ])('takes back a route whose attributes fit no message of the peer, and sends the others%s', (_with, context) => {
    const sink = new Sink(context);
    const tooLong: number[] = [];
    const clock = new FakeClock();
    const sender = new UpdateSender({
      sink,
      context,
      clock,
      onMessage: () => {},
      onTooLong: (count) => tooLong.push(count),
    });
    const communities = Array.from({ length: 2000 }, (_, index) => index + 1);
    const long: ExportRoute = { ...ROUTE, attributes: { ...ROUTE.attributes, communities } };
    const [first = 0, second = 0, third = 0] = prefixes(3);
    sender.setExport('ipv4-unicast', always(ROUTE), locals([first]));
    sender.flush();
    const path = makePath({ source: source('p'), attributes: long.attributes, nextHop: long.nextHop });
    sender.offer(first, []);
    sender.offer(second, [{ path, route: long }]);
    sender.offer(third, [{ path, route: ROUTE }]);
    sender.flush();
    expect([...sink.table.keys()]).toEqual([third]);
    sender.offer(third, [{ path, route: long }]);
    sender.flush();
    expect([...sink.table.keys()]).toEqual([]);
    expect([sender.advertised('ipv4-unicast'), sender.pending, tooLong]).toEqual([0, 0, [1, 1]]);
    sender.offer(third, [{ path, route: ROUTE }]);
    sender.offer(second, []);
    sender.flush();
    // In a burst the last changes wait a moment.
    clock.advance(1000);
    expect([[...sink.table.keys()], sender.advertised('ipv4-unicast')]).toEqual([[third], 1]);
  });

  it('repeats everything on ROUTE-REFRESH, and changes the next hop of everything', () => {
    const sink = new Sink();
    const { sender } = newSender(sink);
    sender.setExport('ipv4-unicast', always(ROUTE), locals(prefixes(3)));
    sender.flush();
    sink.messages.length = 0;
    sender.refresh('ipv4-unicast');
    expect(sink.messages).toEqual(['+3']);
    sender.setExport('ipv4-unicast', always({ ...ROUTE, nextHop: { address: '192.0.2.9' } }), locals(prefixes(3)));
    sender.flush();
    expect([...sink.table.values()]).toEqual(['192.0.2.9', '192.0.2.9', '192.0.2.9']);
  });
});
