import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { type DaemonProcess, FabricError, type Logger, runDaemon, silentLogger } from '../../src/index.ts';

/** A process that records instead of ending. */
class FakeProcess extends EventEmitter implements DaemonProcess {
  readonly exits: number[] = [];
  out = '';
  err = '';
  readonly stdout = {
    write: (text: string): void => {
      this.out += text;
    },
  };
  readonly stderr = {
    write: (text: string): void => {
      this.err += text;
    },
  };
  exit(code: number): void {
    this.exits.push(code);
  }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve()));

test('SIGTERM aborts the signal; main cleans up and the exit code is 0', async () => {
  const fake = new FakeProcess();
  let cleaned = false;
  const running = runDaemon(async (signal) => {
    await untilAborted(signal);
    cleaned = true;
  }, fake);
  fake.emit('SIGTERM');
  await running;
  expect({ cleaned, exits: fake.exits }).toEqual({ cleaned: true, exits: [0] });
});

test('main may also reject with the reason of the signal', async () => {
  const fake = new FakeProcess();
  const running = runDaemon(async (signal) => {
    await untilAborted(signal);
    signal.throwIfAborted();
  }, fake);
  fake.emit('SIGINT');
  await running;
  expect(fake.exits).toEqual([0]);
});

test('a second signal does not wait for main', () => {
  const fake = new FakeProcess();
  void runDaemon(() => new Promise(() => undefined), fake);
  fake.emit('SIGINT');
  expect(fake.exits).toEqual([]);
  fake.emit('SIGTERM');
  expect(fake.exits).toEqual([130]);
});

test('usage errors are printed whole, help goes to standard output', async () => {
  const wrong = new FakeProcess();
  await runDaemon(async () => Promise.reject(new FabricError('usage', '--x is missing\n\nUsage: …')), wrong);
  expect(wrong).toMatchObject({ exits: [2], err: '--x is missing\n\nUsage: …\n', out: '' });
  const help = new FakeProcess();
  await runDaemon(async () => Promise.reject(new FabricError('usage.help', 'Usage: …')), help);
  expect(help).toMatchObject({ exits: [0], err: '', out: 'Usage: …\n' });
});

test('before there is a logger, a FabricError is one line and a bug has its stack', async () => {
  const expected = new FakeProcess();
  await runDaemon(async () => Promise.reject(new FabricError('datastore.unreachable', 'no /etc')), expected);
  expect(expected).toMatchObject({ exits: [1], err: 'datastore.unreachable: no /etc\n' });
  const bug = new FakeProcess();
  await runDaemon(async () => Promise.reject(new TypeError('boom')), bug);
  expect(bug.exits).toEqual([1]);
  expect(bug.err).toMatch(/^TypeError: boom\n\s+at /);
});

test.each(['uncaughtException', 'unhandledRejection'])('%s is logged and ends the daemon', (event) => {
  const fake = new FakeProcess();
  const logged: unknown[] = [];
  const logger: Logger = { ...silentLogger, error: (...args: unknown[]) => void logged.push(args) };
  void runDaemon(async (signal, { useLogger }) => {
    useLogger(logger);
    await untilAborted(signal);
  }, fake);
  const error = new Error('boom');
  fake.emit(event, error);
  expect(fake.exits).toEqual([1]);
  expect(logged).toEqual([[{ err: error }, expect.any(String)]]);
});
