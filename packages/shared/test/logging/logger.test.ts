import { expect, test } from 'vitest';
import { createLogger, type LogLevel, silentLogger } from '../../src/index.ts';

function makeLogger(level: LogLevel) {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return { lines, logger: createLogger({ name: 'felix-agent', level, host: 'compute-a1', destination }) };
}

test('a line says who, where, when, how bad and what', () => {
  const { lines, logger } = makeLogger('info');
  logger.child({ instance: 'tenant-a/web-1' }).warn({ attempt: 2 }, 'kernel refused the endpoint');
  expect(lines).toEqual([
    {
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      pid: process.pid,
      host: 'compute-a1',
      name: 'felix-agent',
      instance: 'tenant-a/web-1',
      attempt: 2,
      msg: 'kernel refused the endpoint',
    },
  ]);
});

test('levels below the chosen one are not written', () => {
  const { lines, logger } = makeLogger('warn');
  logger.debug('a');
  logger.info('b');
  logger.error('c');
  expect(lines.map(({ msg }) => msg)).toEqual(['c']);
  silentLogger.child({}).error({ a: 1 }, 'nothing');
});

test('fields named like secrets never reach the output, two levels deep', () => {
  const { lines, logger } = makeLogger('info');
  logger.info(
    { password: 's3cret', peer: { password: 's3cret', tls: { privateKey: 's3cret' } }, token: 's3cret' },
    'x',
  );
  expect(JSON.stringify(lines)).not.toContain('s3cret');
  expect(lines[0]).toMatchObject({ password: '[redacted]', peer: { password: '[redacted]' } });
});
