import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Packets without IP and TCP: each names the dissector of what it holds. */
const LINKTYPE_WIRESHARK_UPPER_PDU = 252;
const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const TAG_DISSECTOR_NAME = 12;
/** `bgp`, padded to a multiple of four. */
const DISSECTOR = Buffer.from('bgp\0');

/** A capture file of one BGP message per packet, for a dissector that is to see each by itself. */
export async function writeMessages(path: string, messages: readonly Uint8Array[]): Promise<void> {
  const head = Buffer.alloc(24);
  head.writeUInt32BE(MAGIC_MICROSECONDS, 0);
  head.writeUInt16BE(2, 4);
  head.writeUInt16BE(4, 6);
  head.writeUInt32BE(262_144, 16);
  head.writeUInt32BE(LINKTYPE_WIRESHARK_UPPER_PDU, 20);
  const tags = Buffer.alloc(12);
  tags.writeUInt16BE(TAG_DISSECTOR_NAME, 0);
  tags.writeUInt16BE(DISSECTOR.length, 2);
  DISSECTOR.copy(tags, 4);
  const packets = messages.flatMap((message) => {
    const length = tags.length + message.length;
    const record = Buffer.alloc(16);
    record.writeUInt32BE(length, 8);
    record.writeUInt32BE(length, 12);
    return [record, tags, message];
  });
  await writeFile(path, Buffer.concat([head, ...packets]));
}

export interface TsharkOptions {
  /** Octets of an AS number in AS_PATH; tshark would guess. */
  readonly asOctets: 2 | 4;
}

/** Packet by packet: the values of each field, in the order in which tshark meets them. */
export async function dissect(
  path: string,
  fields: readonly string[],
  { asOctets }: TsharkOptions,
): Promise<readonly ReadonlyMap<string, readonly string[]>[]> {
  const args = [
    ...['-n', '-r', path, '-T', 'fields', '-E', 'occurrence=a', '-E', 'aggregator=|', '-E', 'separator=/t'],
    ...['-o', `bgp.asn_len:${asOctets} octet`],
    ...fields.flatMap((field) => ['-e', field]),
  ];
  const { stdout } = await run('tshark', args, {
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const values = line.split('\t').map((text) => (text === '' ? [] : text.split('|')));
      return new Map(fields.map((field, index) => [field, values[index] ?? []]));
    });
}
