import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { FabricError, readDaemonOptions, VERSION } from '../../src/index.ts';

const config = {
  name: 'bgp-speaker',
  description: 'Speaks BGP.',
  defaultControlSocket: '/run/slash32/bgp-speaker.sock',
  extra: {
    'bgp-port': { placeholder: 'PORT', description: 'TCP port', default: '179' },
    listen: { placeholder: 'ADDR', description: 'address to listen on' },
  },
} as const;

function read(argv: readonly string[], env: Record<string, string> = {}) {
  return readDaemonOptions(argv, env, config);
}

function usageOf(argv: readonly string[], env: Record<string, string> = {}): FabricError {
  try {
    read(argv, env);
  } catch (error) {
    if (error instanceof FabricError) return error;
  }
  throw new Error('expected a FabricError');
}

test('defaults', () => {
  expect(read([])).toEqual({
    host: hostname(),
    datastore: 'dir:/etc/slash32/fabric',
    controlSocket: '/run/slash32/bgp-speaker.sock',
    logLevel: 'info',
    extra: { 'bgp-port': '179', listen: undefined },
  });
});

test('options win over the environment, which wins over defaults', () => {
  const env = { SLASH32_HOST: 'from-env', SLASH32_LOG_LEVEL: 'debug', SLASH32_BGP_PORT: '1790', SLASH32_METRICS: ':1' };
  const options = read(['--host', 'from-argv', '--listen=192.0.2.1'], env);
  expect(options).toMatchObject({
    host: 'from-argv',
    logLevel: 'debug',
    metrics: ':1',
    extra: { 'bgp-port': '1790', listen: '192.0.2.1' },
  });
});

test.each([
  [['--hsot', 'x'], {}, /Unknown option '--hsot'/],
  [['stray'], {}, /Unexpected argument 'stray'/],
  [['--host'], {}, /'--host <value>' argument missing/],
  [['--log-level', 'loud'], {}, /^--log-level "loud" is unknown; use one of error, warn, info, debug, silent/],
  [[], { SLASH32_DATASTORE: '' }, /^--datastore \(SLASH32_DATASTORE\) is empty/],
])('%j with %j is a usage error that ends with the help', (argv, env, message) => {
  const error = usageOf(argv, env);
  expect(error.code).toBe('usage');
  expect(error.message).toMatch(message);
  expect(error.message).toContain('Usage: bgp-speaker [OPTIONS]');
});

test('--help lists every option with its variable and default; --version is one line', () => {
  const help = usageOf(['--help']);
  expect(help.code).toBe('usage.help');
  expect(help.message).toMatch(/--bgp-port PORT +TCP port \(default 179\); SLASH32_BGP_PORT/);
  expect(usageOf(['--version']).message).toBe(`bgp-speaker ${VERSION}`);
});
