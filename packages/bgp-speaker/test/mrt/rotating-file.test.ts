import { mkdir, mkdtemp, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock, silentLogger } from '@slash32/shared';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RotatingFile } from '../../src/mrt/rotating-file.ts';
import { MrtUpdateLog } from '../../src/mrt/update-log.ts';
import { LabHost } from '../lab/lab-host.ts';
import { MemoryNetwork } from '../lab/memory-transport.ts';
import { readMrt } from './mrt-reader.ts';

let directory: string;
let clock: FakeClock;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mrt-'));
  clock = new FakeClock();
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

function rotatingFile(maxOctets: number, keep: number): RotatingFile {
  return new RotatingFile({ path: join(directory, 'log'), maxOctets, keep, clock, logger: silentLogger });
}

async function texts(): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(directory)).toSorted();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(directory, name), 'utf8')])),
  );
}

describe('RotatingFile', () => {
  it('puts full files aside, whole records in each, and keeps so many', async () => {
    await using file = rotatingFile(5, 2);
    for (const text of ['aa', 'bb', 'cc', 'dd', 'eeeeeeee', 'f', 'gggg', 'hh']) file.append(Buffer.from(text));
    await file.flush();
    expect(await texts()).toEqual({ log: 'hh', 'log.1': 'fgggg', 'log.2': 'eeeeeeee' });
    expect(file.lost).toBe(0);
  });

  it('goes on where a former life stopped, and begins anew where nothing is kept', async () => {
    for (const text of ['aa', 'bb', 'cc']) {
      await using file = rotatingFile(5, 0);
      file.append(Buffer.from(text));
    }
    expect(await texts()).toEqual({ log: 'cc' });
  });

  it('loses records while it cannot write, counts them, and tries again later', async () => {
    await mkdir(join(directory, 'log'));
    await using file = rotatingFile(100, 1);
    file.append(Buffer.from('a'));
    await file.flush();
    file.append(Buffer.from('b'));
    expect(file.lost).toBe(2);
    await rmdir(join(directory, 'log'));
    clock.advance(5000);
    file.append(Buffer.from('c'));
    await file.flush();
    expect(await texts()).toEqual({ log: 'c' });
    expect(file.lost).toBe(2);
  });
});

describe('MrtUpdateLog', () => {
  it('has every message of a session, and its changes of state', async () => {
    const network = new MemoryNetwork(clock);
    const host = new LabHost(clock, network, { name: 'h', address: '192.0.2.1', asNumber: 64_601 });
    const tor = new LabHost(clock, network, { name: 't', address: '192.0.2.11', asNumber: 65_001 });
    await host.prepare();
    await tor.prepare();
    host.addPeer('t', '192.0.2.11', 65_001, { families: ['ipv4-unicast'] });
    tor.addPeer('h', '192.0.2.1', 64_601, { passive: true, families: ['ipv4-unicast'] });
    await tor.start();
    await host.start();
    const records: Uint8Array[] = [];
    using _log = host.speaker.observers.add(new MrtUpdateLog({ append: (record) => void records.push(record) }, clock));
    await clock.advanceAsync(5000);
    tor.addInstance('198.51.100.0/24');
    await clock.advanceAsync(100);
    const read = records.flatMap((record) => readMrt(record));
    // Behind the AS numbers, interface, family and addresses; of a message, its type.
    const seen = read.map(({ subtype, body }) =>
      subtype === 5
        ? `state ${body.readUInt16BE(20)} ${body.readUInt16BE(22)}`
        : `${subtype === 7 ? 'sent' : subtype === 4 ? 'received' : subtype} ${body.readUInt8(20 + 18)}`,
    );
    expect(seen.toSorted()).toEqual(
      [
        'state 2 4',
        'state 4 5',
        'state 5 6',
        ...['sent 1', 'received 1', 'sent 4', 'received 4', 'sent 2', 'received 2', 'received 2'],
      ].toSorted(),
    );
    const { sent, received } = host.neighbor('t').messages;
    const total = [...Object.values(sent), ...Object.values(received)].reduce((sum, count) => sum + count, 0);
    expect(seen.filter((text) => !text.startsWith('state')).length).toBe(total);
  });
});
