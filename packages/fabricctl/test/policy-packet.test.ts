import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestFabric } from './command-run.ts';
import { SAMPLE } from './sample-manifests.ts';

let fabric: TestFabric;
const cleanUp = new AsyncDisposableStack();
beforeAll(async () => {
  fabric = cleanUp.use(await TestFabric.create(SAMPLE));
});
afterAll(() => cleanUp.disposeAsync());

/** UDP from 203.0.113.10 port 1000 to 10.70.0.5 port 53. */
const PACKET = '45000020 00004000 4011 0000 cb00710a 0a460005 03e80035 000c0000 74657374';
const FRAME = `fe5400000001 525400000001 0800 ${PACKET}`;
const FORGED = FRAME.replace('525400000001', '525400000066');

/** A pcap file; the nflog record has a prefix before its packet. */
async function capture(name: string, linkType: number, ...packets: readonly string[]): Promise<string> {
  const header = Buffer.from('d4c3b2a1020004000000000000000000ffff000000000000', 'hex');
  header.writeUInt32LE(linkType, 20);
  const records = packets.flatMap((hex) => {
    const octets = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    const record = Buffer.alloc(16);
    record.writeUInt32LE(octets.length, 8);
    record.writeUInt32LE(octets.length, 12);
    return [record, octets];
  });
  const path = fabric.at(name);
  await writeFile(path, Buffer.concat([header, ...records]));
  return path;
}

const packet = (...words: readonly string[]) => fabric.run(['policy', 'packet', ...words]);

describe('policy packet', () => {
  it('goes through everything that is asked about a frame', async () => {
    const { code, out } = await packet('web-1', '--hex', FRAME, '--exit-code');
    expect(code).toBe(1);
    expect(out.trimEnd().split('\n')).toEqual([
      'DROPS  from tenant-a/web-1',
      'STEP     VERDICT   WHY',
      'frame    -         52:54:00:00:00:01 → fe:54:00:00:00:01, type 0x0800',
      'packet   -         IPv4 203.0.113.10 → 10.70.0.5 udp 53, TTL 64',
      'source   passes    203.0.113.10 is its own address',
      'flow     passes    rule 2 of tenant-a/web: egress IPv4 any protocol to anybody',
      'flow     drops     no ingress rule of tenant-a/db allows it',
      expect.stringMatching(/^flow +- +judged as the first packet of a flow/),
    ]);
  });

  it('stops at what drops it', async () => {
    const { out } = await packet('tenant-a/web-1', '--hex', FORGED, '-o', 'json');
    const { verdict, steps, frame } = JSON.parse(out);
    expect(verdict).toBe('drop');
    expect(frame).toMatchObject({ sourceMac: '52:54:00:00:00:66', packet: { destinationPort: 53 } });
    expect(steps.at(-1)).toMatchObject({ what: 'source', verdict: 'drop' });
  });

  it.each([
    ['raw IP', PACKET],
    ['as tcpdump prints it', `0x0000:  ${PACKET.slice(0, 20)}\n\t0x0010: ${PACKET.slice(20)}`],
    ['with colons', FRAME.replaceAll(' ', '').replace(/..(?=.)/g, '$&:')],
  ])('takes hexadecimal digits as they come: %s', async (_, text) => {
    expect((await packet('web-1', '--hex', text)).out).toContain('203.0.113.10 is its own address');
  });

  it('reads captures of Ethernet, raw IP and nflog, and the direction to the instance', async () => {
    const ethernet = await capture('e.pcap', 1, FORGED, FRAME);
    expect((await packet('web-1', '--pcap', `${ethernet}:2`)).out).toContain('is its own address');
    expect((await packet('web-1', '--pcap', ethernet)).out).toMatch(/^source +drops/m);
    const raw = await capture('r.pcap', 101, PACKET);
    expect((await packet('db-1', '--pcap', raw, '--to')).out).toMatch(/^DROPS {2}to tenant-a\/db-1$/m);
    const nflog = await capture('n.pcap', 239, `02000007 0a000a00 783a20780000 0000 2400 0900 ${PACKET}`);
    expect((await packet('web-1', '--pcap', nflog)).out).toContain('10.70.0.5 udp 53');
  });

  it.each([
    [['web-1'], 2, 'either --hex or --pcap'],
    [['web-1', '--hex', 'xyz'], 3, 'hexadecimal digits'],
    [['web-1', '--hex', FRAME.slice(0, -44)], 3, 'the packet ends after'],
    [['nobody', '--hex', FRAME], 4, 'there is no Instance'],
    [['web-1', '--pcap', '/nowhere.pcap'], 4, '/nowhere.pcap'],
  ])('refuses %j', async (words, expected, message) => {
    const { code, out, err } = await packet(...words);
    expect({ code, out }).toEqual({ code: expected, out: '' });
    expect(err).toContain(message);
  });

  it('says what is wrong with a file', async () => {
    const empty = await capture('empty.pcap', 1);
    expect(await packet('web-1', '--pcap', `${empty}:3`)).toMatchObject({ code: 3 });
    const other = await capture('other.pcap', 113, FRAME);
    expect((await packet('web-1', '--pcap', other)).err).toContain('of type 113');
    await writeFile(fabric.at('ng.pcap'), Buffer.from('0a0d0d0a00000000', 'hex'));
    expect((await packet('web-1', '--pcap', fabric.at('ng.pcap'))).err).toContain('editcap -F pcap');
  });
});
