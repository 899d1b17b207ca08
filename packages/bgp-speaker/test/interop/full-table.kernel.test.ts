import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BgpRouteStatus } from '@slash32/shared';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Namespace } from '../lab/namespace.ts';
import { Rack, rackManifests } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addTap } from '../lab/tap.ts';
import { NEEDS_OTHER_USERS, rootIsTheOnlyUser } from '../lab/unprivileged.ts';
import { waitUntil } from '../lab/wait-until.ts';
import { FULL_TABLE_ROUTERS, type FullTableRouter, hostRoutes } from './full-table-routers.ts';

const run = promisify(execFile);
const FABRICCTL = join(import.meta.dirname, '../../../../bin/fabricctl');

const TABLE_SIZE = 100_000;
const PATIENCE_MS = 90_000;
/** A look at a whole table costs both sides processor time. */
const PAUSE_MS = 700;

const OURS = hostRoutes(100, TABLE_SIZE);
const THEIRS = hostRoutes(200, TABLE_SIZE);

const MANIFESTS = rackManifests(', connectRetrySeconds: 1', { hostAsNumber: 4_200_000_001 });

let host: Namespace;
let tor: Namespace;
let stack: AsyncDisposableStack;
let router: FullTableRouter;
let speaker: SpeakerProcess;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  ({ host, tor } = stack.use(await Rack.create('table')));
  await addTap(host);
});

afterEach(() => stack.disposeAsync());

/** The first differences, so that a failure can be read. */
function differences(actual: readonly string[], expected: readonly string[]): object {
  const has = new Set(actual);
  const wanted = new Set(expected);
  return {
    repeated: actual.length - has.size,
    missing: [...wanted.difference(has)].slice(0, 3),
    unexpected: [...has.difference(wanted)].slice(0, 3),
  };
}

/** Standard output of `fabricctl bgp routes`. */
async function fabricctl(...words: readonly string[]): Promise<string> {
  const { stdout } = await run(FABRICCTL, ['--speaker-socket', speaker.controlSocket, 'bgp', 'routes', ...words], {
    maxBuffer: 256 * 1024 * 1024,
  });
  return stdout;
}

const NONE = { repeated: 0, missing: [], unexpected: [] };

async function kernelRoutes(): Promise<readonly string[]> {
  const lines = await host.routes(4);
  return lines
    .filter((line) => line.includes('proto 135') && !line.startsWith('default'))
    .map((line) => line.replace(/ proto 135.*/, ''));
}

const openbgpdIsSkipped = rootIsTheOnlyUser();

describe.each(FULL_TABLE_ROUTERS)('100,000 routes each way with $name', ({ name, create }) => {
  const isSkipped = name === 'OpenBGPD' && openbgpdIsSkipped;

  it.skipIf(isSkipped)(
    isSkipped ? NEEDS_OTHER_USERS : 'both tables are exact, and empty in the end',
    async () => {
      await host.ipBatch(OURS.map((prefix) => `route add ${prefix} dev tap0 proto 133`));
      router = stack.use(await create(tor));
      await router.start(THEIRS);
      speaker = stack.use(await SpeakerProcess.create(host, 'h1', MANIFESTS));
      speaker.start(['--log-level', 'info']);
      await speaker.established('tor');

      await waitUntil(
        () => `our table at the router; ${router.log.slice(-2000)}`,
        async () => (await router.learned()).length >= TABLE_SIZE,
        PATIENCE_MS,
      );
      expect(
        differences(
          await router.learned(),
          OURS.map((prefix) => `${prefix} 192.0.2.1 4200000001`),
        ),
      ).toEqual(NONE);
      await waitUntil(
        () => `its table in our kernel; ${speaker.log.slice(-2000)}`,
        async () => (await speaker.status()).installedRoutes >= TABLE_SIZE + 1,
        PATIENCE_MS,
      );
      expect(
        differences(
          await kernelRoutes(),
          THEIRS.map((prefix) => `${prefix.replace('/32', '')} via 192.0.2.254 dev eth0`),
        ),
      ).toEqual(NONE);
      if (name === 'BIRD') {
        // As an operator sees it: 30 MB of JSON through the control socket.
        const table: readonly BgpRouteStatus[] = JSON.parse(
          await fabricctl('--accepted', '--source', 'tor', '-o', 'json'),
        );
        expect(
          differences(
            table.map(({ prefix, nextHop, asPath }) => `${prefix} ${nextHop} ${asPath}`),
            [...THEIRS, '0.0.0.0/0'].map((prefix) => `${prefix} 192.0.2.254 65000`),
          ),
        ).toEqual(NONE);
        expect(await fabricctl('10.200.1.2')).toContain('10.200.1.2/32');
      }
      for (const prefix of [THEIRS[0], THEIRS[TABLE_SIZE / 2], THEIRS.at(-1)]) {
        expect(await speaker.routes(prefix ?? '')).toMatchObject([
          { nextHop: '192.0.2.254', asPath: router.itsPath, best: true, installed: true },
        ]);
      }
      const { messages, remoteCapabilities = [] } = await speaker.neighbor('tor');
      const isExtended = remoteCapabilities.includes('extended-message');
      // Full messages: 8 of 65,535 octets or 124 of 4,096, End-of-RIB, and what was sent while the table was still read.
      expect(messages.sent.UPDATE).toBeLessThan(isExtended ? 20 : 140);
      if (router.sendsLongMessages) expect(messages.received.UPDATE).toBeLessThan(100);

      await host.ip('route flush proto 133');
      await router.withdraw();
      await waitUntil('ours are withdrawn', async () => (await router.learned()).length === 0, PATIENCE_MS, PAUSE_MS);
      await waitUntil('its routes are gone', async () => (await kernelRoutes()).length === 0, PATIENCE_MS, PAUSE_MS);
      expect(await speaker.neighbor('tor')).toMatchObject({ state: 'Established' });
      expect(speaker.log.match(/session up/g)).toHaveLength(1);
      await speaker.stop('SIGTERM');
      await host.ip('route flush proto 135');
    },
    240_000,
  );
});
