import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Namespace } from '../lab/namespace.ts';
import { Rack, rackManifests } from '../lab/rack.ts';
import { SpeakerProcess } from '../lab/speaker-process.ts';
import { addTap } from '../lab/tap.ts';
import { waitUntil } from '../lab/wait-until.ts';

/** 17 octets each: more than what waits for a peer at most. */
const ROUTES = 50_000;
const MAIN = join(import.meta.dirname, '../lab/deaf-peer-main.ts');

let stack: AsyncDisposableStack;
let host: Namespace;
let tor: Namespace;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  ({ host, tor } = stack.use(await Rack.create('deaf', { ipv6: true })));
  // What the two kernels hold is less than the table: the rest has to wait in the speaker.
  await host.exec('sysctl', ['-qw', 'net.ipv4.tcp_wmem=4096 8192 8192']);
  await tor.exec('sysctl', ['-qw', 'net.ipv4.tcp_rmem=4096 8192 8192']);
  await addTap(host);
});

afterEach(async () => {
  await stack.disposeAsync();
});

async function addRoutes(): Promise<void> {
  const lines = Array.from(
    { length: ROUTES },
    (_, index) => `route add 2001:db8:1::${index.toString(16)}/128 dev tap0 proto 133`,
  );
  const file = join(tmpdir(), 'deaf-peer-routes');
  await writeFile(file, `${lines.join('\n')}\n`);
  await host.ip(`-6 -batch ${file}`);
  await rm(file);
}

describe('a peer that speaks and does not read (RFC 9687)', () => {
  it('is dropped within sendHoldSeconds, with a reset, and costs one socket buffer until then', async () => {
    let said = '';
    tor.spawn(process.execPath, [MAIN, '192.0.2.254', '65000', '192.0.2.254'], (text) => {
      said += text;
    });
    const manifests = rackManifests(', holdTimeSeconds: 3, sendHoldSeconds: 6');
    const speaker = stack.use(await SpeakerProcess.create(host, 'h1', manifests));
    speaker.start();
    await speaker.established('tor');
    const beganMs = performance.now();
    await addRoutes();
    let advertised = 0;
    await waitUntil(
      () => `dropped; ${advertised} advertised, the peer said ${said}`,
      async () => {
        const { prefixes, lastDown, state } = await speaker.neighbor('tor');
        if (state === 'Established') advertised = prefixes['ipv6-unicast']?.advertised ?? 0;
        return /Send Hold Timer Expired/.test(lastDown?.reason ?? '');
      },
      20_000,
    );
    // The rest of them never got as far as a buffer.
    expect(advertised).toBeGreaterThan(0);
    expect(advertised).toBeLessThan(ROUTES);
    const seconds = (performance.now() - beganMs) / 1000;
    expect(seconds).toBeGreaterThan(5.5);
    await waitUntil('the peer has noticed', () => said.includes('closed'));
    expect(said).toMatch(/closed .*(ECONNRESET|EPIPE)/);
    // Its KEEPALIVEs came all the time: the hold time of 3 s did not pass.
    expect(speaker.log).not.toContain('Hold Timer Expired (4');
  });
});
