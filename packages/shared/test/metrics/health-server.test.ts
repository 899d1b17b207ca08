import { describe, expect, test } from 'vitest';
import { type HealthReport, MetricsRegistry, parseListenAddress, serveHealthAndMetrics } from '../../src/index.ts';

async function makeFixture() {
  const registry = new MetricsRegistry({ prefix: 'slash32_agent_' });
  const state: { report: HealthReport } = { report: { alive: true, ready: true } };
  const server = await serveHealthAndMetrics({ listen: '127.0.0.1:0', registry, health: () => state.report });
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
    return { status: response.status, body: await response.text() };
  };
  return { registry, state, server, get, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

describe('serveHealthAndMetrics', () => {
  test('serves metrics with the prefix of the daemon', async () => {
    await using fixture = await makeFixture();
    fixture.registry
      .counter({ name: 'applies_total', help: 'Applies', labelNames: ['result'] })
      .inc({ result: 'ok' }, 3);
    fixture.registry.gauge({ name: 'endpoints', help: 'Endpoints', collect: (gauge) => gauge.set(7) });
    fixture.registry.histogram({ name: 'apply_seconds', help: 'Apply' }).observe(0.002);
    const { status, body } = await fixture.get('/metrics');
    expect(status).toBe(200);
    expect(body).toContain('slash32_agent_applies_total{result="ok"} 3');
    expect(body).toContain('slash32_agent_endpoints 7');
    expect(body).toContain('slash32_agent_apply_seconds_bucket{le="0.0025"} 1');
    expect(body).toContain('slash32_agent_apply_seconds_bucket{le="0.001"} 0');
  });

  test('healthz follows alive, readyz also ready, both with reasons', async () => {
    await using fixture = await makeFixture();
    expect((await fixture.get('/readyz')).status).toBe(200);
    fixture.state.report = { alive: true, ready: false, checks: { datastore: { ok: false, message: 'not in sync' } } };
    expect((await fixture.get('/healthz')).status).toBe(200);
    const ready = await fixture.get('/readyz?verbose');
    expect(ready.status).toBe(503);
    expect(JSON.parse(ready.body)).toEqual(fixture.state.report);
    fixture.state.report = { alive: false, ready: true };
    expect((await fixture.get('/healthz')).status).toBe(503);
    expect((await fixture.get('/readyz')).status).toBe(503);
  });

  test('other paths and methods are refused', async () => {
    await using fixture = await makeFixture();
    expect((await fixture.get('/')).status).toBe(404);
    expect((await fixture.get('/metrics', 'POST')).status).toBe(405);
  });

  test('an address in use is an error that names the option', async () => {
    await using fixture = await makeFixture();
    await expect(
      serveHealthAndMetrics({
        listen: `127.0.0.1:${fixture.server.port}`,
        registry: fixture.registry,
        health: () => fixture.state.report,
      }),
    ).rejects.toMatchObject({ code: 'listen.failed', message: expect.stringContaining('--metrics') });
  });
});

test.each([
  ['127.0.0.1:9091', { host: '127.0.0.1', port: 9091 }],
  ['[::1]:9091', { host: '::1', port: 9091 }],
  [':0', { host: '', port: 0 }],
])('%s is a listen address', (text, expected) => {
  expect(parseListenAddress(text)).toEqual(expected);
});

test.each(['9091', '::1:9091', '127.0.0.1', '127.0.0.1:65536', '127.0.0.1:http', ''])(
  '%j is no listen address',
  (text) => {
    expect(() => parseListenAddress(text)).toThrow(expect.objectContaining({ code: 'listen.invalid' }));
  },
);
