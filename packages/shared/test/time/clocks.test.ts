import { describe, expect, test } from 'vitest';
import { FakeClock, SystemClock, sleep } from '../../src/index.ts';

describe('FakeClock', () => {
  test('runs timers in order of due time, ties in order of scheduling, at their own time', () => {
    const clock = new FakeClock({ wallStartMs: 1_000 });
    const ran: string[] = [];
    const note = (name: string) => () => void ran.push(`${name}@${clock.monotonicMs()}/${clock.wallMs()}`);
    clock.schedule(20, note('c'));
    clock.schedule(10, note('a'));
    clock.schedule(10, note('b'));
    clock.schedule(31, note('late'));
    clock.advance(30);
    expect(ran).toEqual(['a@10/1010', 'b@10/1010', 'c@20/1020']);
    expect(clock.monotonicMs()).toBe(30);
    expect(clock.nextTimerMs).toBe(1);
  });

  test('timers that timers schedule run within the same advance if due', () => {
    const clock = new FakeClock();
    let ticks = 0;
    const tick = (): void => {
      ticks += 1;
      clock.schedule(10, tick);
    };
    clock.schedule(10, tick);
    clock.advance(55);
    expect(ticks).toBe(5);
    expect(clock.pendingTimers).toBe(1);
  });

  test('a cancelled timer never runs; cancelling again does nothing', () => {
    const clock = new FakeClock();
    let ran = false;
    const timer = clock.schedule(1, () => {
      ran = true;
    });
    timer.cancel();
    timer.cancel();
    clock.advance(10);
    expect(ran).toBe(false);
    expect(clock.nextTimerMs).toBeUndefined();
  });

  test('advanceAsync lets promise chains schedule the next timer', async () => {
    const clock = new FakeClock();
    const times: number[] = [];
    const run = async (): Promise<void> => {
      for (let round = 0; round < 3; round += 1) {
        await sleep(clock, 10);
        await Promise.resolve();
        times.push(clock.monotonicMs());
      }
    };
    const done = run();
    await clock.advanceAsync(30);
    await done;
    expect(times).toEqual([10, 20, 30]);
  });
});

describe('sleep', () => {
  test('an abort ends it with the reason and leaves no timer', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const sleeping = sleep(clock, 1_000, controller.signal);
    controller.abort(new Error('stop'));
    await expect(sleeping).rejects.toThrow('stop');
    expect(clock.pendingTimers).toBe(0);
    await expect(sleep(clock, 1, controller.signal)).rejects.toThrow('stop');
  });
});

describe('SystemClock', () => {
  test('moves, runs and cancels', async () => {
    const clock = new SystemClock();
    const before = clock.monotonicMs();
    let cancelledRan = false;
    clock
      .schedule(0, () => {
        cancelledRan = true;
      })
      .cancel();
    await sleep(clock, 5);
    expect(clock.monotonicMs() - before).toBeGreaterThanOrEqual(4);
    expect(Math.abs(clock.wallMs() - Date.now())).toBeLessThan(1_000);
    expect(cancelledRan).toBe(false);
  });
});
