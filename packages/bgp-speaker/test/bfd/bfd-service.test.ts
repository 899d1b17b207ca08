import { FakeClock, SystemClock, silentLogger } from '@slash32/shared';
import { afterEach, describe, expect, it } from 'vitest';
import { BfdService, type BfdStatusReport } from '../../src/bfd/bfd-service.ts';
import { waitUntil } from '../lab/wait-until.ts';

const SCRIPTED = new URL('../lab/scripted-bfd-worker.ts', import.meta.url);

let stack = new AsyncDisposableStack();

afterEach(async () => {
  await stack.disposeAsync();
  stack = new AsyncDisposableStack();
});

function settings(detectMultiplier: number, device?: string) {
  return {
    endpoint: { remoteAddress: '192.0.2.1', multihop: false, ...(device === undefined ? {} : { device }) },
    timers: { desiredMinTxIntervalUs: 50_000, requiredMinRxIntervalUs: 50_000, detectMultiplier },
  };
}

interface Tracked {
  readonly calls: (readonly [BfdStatusReport, BfdStatusReport | undefined])[];
}

function track(): Tracked & { readonly onStatus: (status: BfdStatusReport, previous?: BfdStatusReport) => void } {
  const calls: Tracked['calls'] = [];
  return { calls, onStatus: (status, previous) => void calls.push([status, previous]) };
}

describe('BfdService', () => {
  it('starts a worker with the first session, and tells each its own statuses', async () => {
    const service = stack.use(new BfdService({ clock: new SystemClock(), logger: silentLogger, worker: SCRIPTED }));
    const [first, second] = [track(), track()];
    const handle = service.add(settings(3), first.onStatus);
    expect(handle.status).toBeUndefined();
    service.add(settings(5), second.onStatus);
    await waitUntil('both reported', () => first.calls.length === 1 && second.calls.length === 1);
    expect(handle.status).toMatchObject({ state: 'Up', detectionMs: 3, atMs: 1000 });
    expect(second.calls[0]?.[0].detectionMs).toBe(5);
    expect(handle.counts).toEqual({ sent: 1, received: 0, discarded: 0, hopLimitDiscarded: 0, sendErrors: 0 });
    expect(service.stats()).toEqual(new Map([['Up', 2]]));

    handle.configure(settings(7).timers);
    await waitUntil('new timers', () => first.calls.length === 2);
    expect(first.calls[1]).toMatchObject([{ detectionMs: 7 }, { detectionMs: 3 }]);

    handle.remove();
    handle.remove();
    handle.configure(settings(9).timers);
    expect(service.stats()).toEqual(new Map([['Up', 1]]));
  });

  it('starts a crashed worker again, with the timers in force, and tells nobody Down', async () => {
    const clock = new FakeClock();
    const service = stack.use(new BfdService({ clock, logger: silentLogger, worker: SCRIPTED }));
    const kept = track();
    const handle = service.add(settings(3), kept.onStatus);
    handle.configure(settings(4).timers);
    await waitUntil('up', () => kept.calls.at(-1)?.[0].detectionMs === 4);
    const bad = service.add(settings(3, 'crash'), () => undefined);
    await waitUntil('failure', () => service.failure);
    expect(service.failure).toBe('crashed as told');
    expect(handle.status).toBeUndefined();
    expect(kept.calls.every(([status]) => status.state === 'Up')).toBe(true);

    bad.remove();
    const before = kept.calls.length;
    clock.advance(1000);
    await waitUntil('up again', () => kept.calls.length > before);
    expect(kept.calls.at(-1)).toMatchObject([{ state: 'Up', detectionMs: 4 }, undefined]);
    expect(service.failure).toBeUndefined();
  });

  it('does not wait for a worker that does not end', async () => {
    const clock = new FakeClock();
    const service = new BfdService({ clock, logger: silentLogger, worker: SCRIPTED });
    const session = track();
    service.add(settings(3, 'deaf'), session.onStatus);
    await waitUntil('up', () => session.calls.length === 1);
    const ended = service[Symbol.asyncDispose]();
    clock.advance(500);
    await ended;
    expect(() => service.add(settings(3), session.onStatus)).toThrow('the BFD service has stopped');
  });

  it('ends at once without a worker', async () => {
    const service = new BfdService({ clock: new FakeClock(), logger: silentLogger, worker: SCRIPTED });
    await service[Symbol.asyncDispose]();
    expect(service.failure).toBeUndefined();
  });
});
