import { existsSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type ControlHandlers,
  connectControl,
  FabricError,
  FakeClock,
  MAX_CONTROL_LINE_BYTES,
  serveControl,
  silentLogger,
} from '../../src/index.ts';
import { makeTemporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';

interface TestMethods {
  'test.echo': { params: { text: string }; result: { text: string } };
  'test.fail': { params: { how: 'fabric' | 'bug' }; result: null };
  'test.hang': { params: Record<string, never>; result: null };
  'test.count': { params: { to: number }; event: number };
  'test.forever': { params: Record<string, never>; event: number };
}

/** A server of test methods, and what happened to it. */
async function makeFixture(options: { readonly maxLineBytes?: number } = {}) {
  const directory = await makeTemporaryDirectory();
  const path = join(directory.path, 'run', 'test.sock');
  const seen = { hanging: 0, aborted: [] as unknown[], produced: 0, closed: 0 };
  const handlers: ControlHandlers<TestMethods> = {
    'test.echo': ({ text }) => ({ text }),
    'test.fail': async ({ how }) => {
      if (how === 'bug') throw new TypeError('x is not a function');
      throw new FabricError('endpoint.unknown', 'there is no instance a/b', { details: { instance: 'a/b' } });
    },
    'test.hang': (_params, { signal }) =>
      new Promise((_resolve, reject) => {
        seen.hanging += 1;
        signal.addEventListener('abort', () => {
          seen.aborted.push(signal.reason);
          reject(signal.reason);
        });
      }),
    async *'test.count'({ to }) {
      for (let count = 1; count <= to; count += 1) yield count;
    },
    async *'test.forever'() {
      try {
        for (let count = 1; ; count += 1) {
          seen.produced = count;
          yield count;
        }
      } finally {
        seen.closed += 1;
      }
    },
  };
  const server = await serveControl<TestMethods>(path, handlers, { logger: silentLogger, ...options });
  return {
    path,
    seen,
    handlers,
    server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Sends raw text and collects the answer lines until the server closes or `count` lines are there. */
async function talk(path: string, text: string, count: number): Promise<unknown[]> {
  const socket = connect(path);
  let received = '';
  let closed = false;
  socket.on('data', (chunk) => {
    received += String(chunk);
  });
  socket.on('close', () => {
    closed = true;
  });
  socket.on('error', () => undefined);
  socket.write(text);
  await until('the answers came', () => closed || received.split('\n').length > count);
  socket.destroy();
  return received
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}

describe('calls', () => {
  test('many at once, on one connection and on several', async () => {
    await using fixture = await makeFixture();
    await using first = await connectControl<TestMethods>(fixture.path);
    await using second = await connectControl<TestMethods>(fixture.path);
    const texts = Array.from({ length: 200 }, (_, index) => `text ${index} ü\n"`);
    const answers = await Promise.all(
      texts.map((text, index) => (index % 2 === 0 ? first : second).call('test.echo', { text })),
    );
    expect(answers.map(({ text }) => text)).toEqual(texts);
  });

  test('an answer of several megabytes arrives whole', async () => {
    await using fixture = await makeFixture();
    await using client = await connectControl<TestMethods>(fixture.path);
    const text = 'x'.repeat(5_000_000);
    expect((await client.call('test.echo', { text })).text).toBe(text);
  });

  test('a FabricError keeps its code and details; a bug becomes control.internal', async () => {
    await using fixture = await makeFixture();
    await using client = await connectControl<TestMethods>(fixture.path);
    await expect(client.call('test.fail', { how: 'fabric' })).rejects.toMatchObject({
      name: 'FabricError',
      code: 'endpoint.unknown',
      message: 'there is no instance a/b',
      details: { instance: 'a/b' },
    });
    await expect(client.call('test.fail', { how: 'bug' })).rejects.toMatchObject({
      code: 'control.internal',
      message: "x is not a function; the daemon's log says more",
    });
  });

  test('a timeout and an abort cancel the handler', async () => {
    await using fixture = await makeFixture();
    const clock = new FakeClock();
    await using client = await connectControl<TestMethods>(fixture.path, { clock });
    const timedOut = client.call('test.hang', {}, { timeoutMs: 300 });
    timedOut.catch(() => undefined);
    await until('the handler runs', () => fixture.seen.hanging === 1);
    clock.advance(300);
    await expect(timedOut).rejects.toMatchObject({
      code: 'control.timeout',
      message: `${fixture.path} did not answer test.hang within 300 ms`,
    });
    const controller = new AbortController();
    const aborted = client.call('test.hang', {}, { signal: controller.signal });
    aborted.catch(() => undefined);
    await until('the second handler runs', () => fixture.seen.hanging === 2);
    controller.abort(new Error('changed my mind'));
    await expect(aborted).rejects.toThrow('changed my mind');
    await until('both handlers were told', () => fixture.seen.aborted.length === 2);
    expect(fixture.seen.aborted[0]).toMatchObject({ code: 'control.cancelled' });
    expect(await client.call('test.echo', { text: 'still works' })).toEqual({ text: 'still works' });
  });

  test('a client that goes away aborts its handlers; a server that goes away fails its calls', async () => {
    await using fixture = await makeFixture();
    const leaving = await connectControl<TestMethods>(fixture.path);
    const left = leaving.call('test.hang', {});
    left.catch(() => undefined);
    await until('the handler runs', () => fixture.seen.hanging === 1);
    await leaving[Symbol.asyncDispose]();
    await expect(left).rejects.toMatchObject({ code: 'control.closed' });
    await until('the handler was told', () => fixture.seen.aborted.length === 1);
    await using staying = await connectControl<TestMethods>(fixture.path);
    const pending = staying.call('test.hang', {});
    pending.catch(() => undefined);
    await until('the second handler runs', () => fixture.seen.hanging === 2);
    await fixture.server[Symbol.asyncDispose]();
    await expect(pending).rejects.toMatchObject({ code: 'control.closed' });
    await expect(staying.call('test.echo', { text: 'x' })).rejects.toMatchObject({ code: 'control.closed' });
  });
});

describe('streams', () => {
  test('events come in order, then the end', async () => {
    await using fixture = await makeFixture();
    await using client = await connectControl<TestMethods>(fixture.path);
    const events: number[] = [];
    for await (const event of client.stream('test.count', { to: 1000 })) events.push(event);
    expect(events).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));
  });

  test('a slow consumer holds the producer back, and leaving closes it', async () => {
    await using fixture = await makeFixture();
    await using client = await connectControl<TestMethods>(fixture.path);
    let produced = 0;
    for await (const event of client.stream('test.forever', {})) {
      if (event < 3) continue;
      let last = -1;
      await until('the producer stands still', async () => {
        const still = fixture.seen.produced === last;
        last = fixture.seen.produced;
        await new Promise((resolve) => setTimeout(resolve, 20));
        return still;
      });
      produced = last;
      break;
    }
    // Kernel buffers and ours take some tens of thousands of these small lines, then it must stop.
    expect(produced).toBeLessThan(100_000);
    await until('the producer was closed', () => fixture.seen.closed === 1);
    expect(await client.call('test.echo', { text: 'x' })).toEqual({ text: 'x' });
  });

  test('an abort ends the iteration with its reason', async () => {
    await using fixture = await makeFixture();
    await using client = await connectControl<TestMethods>(fixture.path);
    const controller = new AbortController();
    const follow = async (): Promise<void> => {
      for await (const event of client.stream('test.forever', {}, { signal: controller.signal })) {
        if (event === 2) controller.abort(new Error('enough'));
      }
    };
    await expect(follow()).rejects.toThrow('enough');
    await until('the producer was closed', () => fixture.seen.closed === 1);
  });
});

describe('bad requests', () => {
  test('an unknown method names the known ones', async () => {
    await using fixture = await makeFixture();
    expect(await talk(fixture.path, '{"id":1,"method":"test.ehco"}\n', 1)).toEqual([
      {
        id: 1,
        error: {
          code: 'control.unknown-method',
          message: 'there is no method "test.ehco"; known: test.echo, test.fail, test.hang, test.count, test.forever',
          details: { method: 'test.ehco', known: Object.keys(fixture.handlers) },
        },
      },
    ]);
  });

  test.each([
    'nonsense',
    '[]',
    '{"id":"1","method":"test.echo"}',
    '{"id":1}',
    '{"id":1,"method":"test.echo","params":3}',
  ])('%s is refused and the connection goes on', async (line) => {
    await using fixture = await makeFixture();
    const good = '{"id":2,"method":"test.echo","params":{"text":"x"}}';
    expect(await talk(fixture.path, `${line}\n${good}\n`, 2)).toEqual([
      { id: null, error: expect.objectContaining({ code: 'control.bad-request' }) },
      { id: 2, result: { text: 'x' } },
    ]);
  });

  test('a line without end is cut off, not collected', async () => {
    await using fixture = await makeFixture({ maxLineBytes: 1000 });
    expect(await talk(fixture.path, 'x'.repeat(1001), 1)).toEqual([
      { id: null, error: expect.objectContaining({ code: 'control.line-too-long' }) },
    ]);
    expect(MAX_CONTROL_LINE_BYTES).toBe(16 * 1024 * 1024);
  });

  test('a client refuses an answer line that is too long', async () => {
    await using fixture = await makeFixture();
    await using client = await connectControl<TestMethods>(fixture.path, { maxLineBytes: 1000 });
    await expect(client.call('test.echo', { text: 'x'.repeat(2000) })).rejects.toMatchObject({
      code: 'control.line-too-long',
    });
  });
});

describe('the socket file', () => {
  test('has mode 0660 and is removed at the end', async () => {
    await using fixture = await makeFixture();
    expect(statSync(fixture.path).mode & 0o777).toBe(0o660);
    await fixture.server[Symbol.asyncDispose]();
    expect(existsSync(fixture.path)).toBe(false);
  });

  test('is not taken from a daemon that answers, but from one that died', async () => {
    await using fixture = await makeFixture();
    await expect(
      serveControl<TestMethods>(fixture.path, fixture.handlers, { logger: silentLogger }),
    ).rejects.toMatchObject({ code: 'control.in-use', message: expect.stringContaining(fixture.path) });
    await fixture.server[Symbol.asyncDispose]();
    writeFileSync(fixture.path, 'left behind');
    await using _second = await serveControl<TestMethods>(fixture.path, fixture.handlers, { logger: silentLogger });
    await using client = await connectControl<TestMethods>(fixture.path);
    expect(await client.call('test.echo', { text: 'x' })).toEqual({ text: 'x' });
  });

  test('a path that sockets cannot have is refused by name', async () => {
    const path = `/tmp/${'x'.repeat(110)}`;
    await using fixture = await makeFixture();
    await expect(serveControl<TestMethods>(path, fixture.handlers, { logger: silentLogger })).rejects.toMatchObject({
      code: 'control.path-too-long',
    });
  });

  test('nobody there: the error says what to check', async () => {
    await expect(connectControl<TestMethods>('/nonexistent/agent.sock')).rejects.toMatchObject({
      code: 'control.unreachable',
      message:
        'no daemon answers on /nonexistent/agent.sock (ENOENT); is it running, and is this its --control-socket?',
    });
  });
});
