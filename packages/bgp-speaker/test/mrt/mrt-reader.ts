/** Reads MRT by RFC 6396, written apart from the encoder: for tests that compare the two. */
export interface MrtHeader {
  readonly seconds: number;
  readonly microseconds: number;
  readonly type: number;
  readonly subtype: number;
  readonly body: Buffer;
}

export function readMrt(octets: Uint8Array): readonly MrtHeader[] {
  const file = Buffer.from(octets);
  const records: MrtHeader[] = [];
  let at = 0;
  while (at < file.length) {
    const type = file.readUInt16BE(at + 4);
    const end = at + 12 + file.readUInt32BE(at + 8);
    if (end > file.length) throw new Error(`the record at ${at} is cut off`);
    const extended = type === 17;
    records.push({
      seconds: file.readUInt32BE(at),
      microseconds: extended ? file.readUInt32BE(at + 12) : 0,
      type,
      subtype: file.readUInt16BE(at + 6),
      body: file.subarray(at + (extended ? 16 : 12), end),
    });
    at = end;
  }
  return records;
}

export interface ReadPeer {
  readonly routerId: string;
  readonly address: string;
  readonly asNumber: number;
}

export function readPeerIndex(body: Buffer): { readonly collector: string; readonly peers: readonly ReadPeer[] } {
  let at = 6 + body.readUInt16BE(4);
  const count = body.readUInt16BE(at);
  at += 2;
  const peers: ReadPeer[] = [];
  for (let index = 0; index < count; index += 1) {
    const type = body.readUInt8(at);
    const addressOctets = type & 1 ? 16 : 4;
    const asAt = at + 5 + addressOctets;
    peers.push({
      routerId: quad(body, at + 1),
      address: addressOctets === 4 ? quad(body, at + 5) : body.toString('hex', at + 5, asAt),
      asNumber: type & 2 ? body.readUInt32BE(asAt) : body.readUInt16BE(asAt),
    });
    at = asAt + (type & 2 ? 4 : 2);
  }
  if (at !== body.length) throw new Error(`${body.length - at} octets are left behind the peers`);
  return { collector: quad(body, 0), peers };
}

export interface ReadRib {
  readonly sequence: number;
  readonly length: number;
  readonly prefix: string;
  readonly entries: readonly {
    readonly peer: number;
    /** Of the subtypes of RFC 8050. */
    readonly pathId?: number;
    readonly attributes: ReadonlyMap<number, string>;
  }[];
}

/** Prefix and attribute values as hexadecimal digits. `addPath`: entries have Path Identifiers (RFC 8050 4.1). */
export function readRib(body: Buffer, addPath = false): ReadRib {
  const length = body.readUInt8(4);
  let at = 5 + Math.ceil(length / 8);
  const prefix = body.toString('hex', 5, at);
  const count = body.readUInt16BE(at);
  at += 2;
  const entries = [];
  for (let index = 0; index < count; index += 1) {
    const start = at + (addPath ? 12 : 8);
    const end = start + body.readUInt16BE(start - 2);
    entries.push({
      peer: body.readUInt16BE(at),
      ...(addPath ? { pathId: body.readUInt32BE(at + 6) } : {}),
      attributes: readAttributes(body.subarray(start, end)),
    });
    at = end;
  }
  if (at !== body.length) throw new Error(`${body.length - at} octets are left behind the entries`);
  return { sequence: body.readUInt32BE(0), length, prefix, entries };
}

function readAttributes(octets: Buffer): ReadonlyMap<number, string> {
  const attributes = new Map<number, string>();
  let at = 0;
  while (at < octets.length) {
    const wide = (octets.readUInt8(at) & 0x10) !== 0;
    const start = at + (wide ? 4 : 3);
    const end = start + (wide ? octets.readUInt16BE(at + 2) : octets.readUInt8(at + 2));
    if (end > octets.length) throw new Error('an attribute is cut off');
    attributes.set(octets.readUInt8(at + 1), octets.toString('hex', start, end));
    at = end;
  }
  return attributes;
}

function quad(octets: Buffer, at: number): string {
  return [...octets.subarray(at, at + 4)].join('.');
}
