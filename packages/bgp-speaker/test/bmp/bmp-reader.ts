/** Reads BMP by RFC 7854, written apart from the encoder: what a collector would make of it. */
export interface ReadPeerHeader {
  readonly type: number;
  readonly flags: number;
  /** As it is on the wire, hexadecimal. */
  readonly address: string;
  readonly asNumber: number;
  readonly routerId: string;
  readonly wallMs: number;
}

export type ReadBmp =
  | { readonly type: 'initiation' | 'termination'; readonly tlvs: readonly (readonly [number, Buffer])[] }
  | { readonly type: 'route-monitoring'; readonly peer: ReadPeerHeader; readonly update: Buffer }
  | {
      readonly type: 'statistics';
      readonly peer: ReadPeerHeader;
      readonly statistics: readonly (readonly [number, string])[];
    }
  | { readonly type: 'peer-down'; readonly peer: ReadPeerHeader; readonly reason: number; readonly data: Buffer }
  | {
      readonly type: 'peer-up';
      readonly peer: ReadPeerHeader;
      readonly localAddress: string;
      readonly localPort: number;
      readonly remotePort: number;
      readonly opens: readonly Buffer[];
      /** Behind the OPENs. */
      readonly tlvs: readonly (readonly [number, Buffer])[];
    };

/** Cuts a stream into messages; throws where the RFC is not kept. */
export class BmpReader {
  #rest = Buffer.alloc(0);

  push(chunk: Uint8Array): readonly ReadBmp[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const messages: ReadBmp[] = [];
    while (this.#rest.length >= 6) {
      if (this.#rest.readUInt8(0) !== 3) throw new Error(`BMP version ${this.#rest.readUInt8(0)}`);
      const length = this.#rest.readUInt32BE(1);
      if (length < 6) throw new Error(`BMP length ${length}`);
      if (this.#rest.length < length) break;
      messages.push(readMessage(this.#rest.readUInt8(5), Buffer.from(this.#rest.subarray(6, length))));
      this.#rest = this.#rest.subarray(length);
    }
    return messages;
  }
}

function readMessage(type: number, body: Buffer): ReadBmp {
  switch (type) {
    case 0: {
      const update = body.subarray(42);
      const [first] = bgpMessages(update);
      if (first?.length !== update.length) throw new Error('more or less than one UPDATE');
      return { type: 'route-monitoring', peer: readPeer(body), update };
    }
    case 1: {
      const statistics: [number, string][] = [];
      let at = 46;
      for (let left = body.readUInt32BE(42); left > 0; left -= 1) {
        const end = at + 4 + body.readUInt16BE(at + 2);
        statistics.push([body.readUInt16BE(at), body.toString('hex', at + 4, end)]);
        at = end;
      }
      if (at !== body.length) throw new Error('octets behind the statistics');
      return { type: 'statistics', peer: readPeer(body), statistics };
    }
    case 2:
      return { type: 'peer-down', peer: readPeer(body), reason: body.readUInt8(42), data: body.subarray(43) };
    case 3: {
      const opensEnd = endOfMessages(body, 62, 2);
      return {
        type: 'peer-up',
        peer: readPeer(body),
        localAddress: body.toString('hex', 42, 58),
        localPort: body.readUInt16BE(58),
        remotePort: body.readUInt16BE(60),
        opens: bgpMessages(body.subarray(62, opensEnd)),
        tlvs: readTlvs(body.subarray(opensEnd)),
      };
    }
    case 4:
      return { type: 'initiation', tlvs: readTlvs(body) };
    case 5:
      return { type: 'termination', tlvs: readTlvs(body) };
    default:
      throw new Error(`BMP type ${type}`);
  }
}

function readPeer(body: Buffer): ReadPeerHeader {
  if (body.readBigUInt64BE(2) !== 0n) throw new Error('a global peer has no distinguisher');
  return {
    type: body.readUInt8(0),
    flags: body.readUInt8(1),
    address: body.toString('hex', 10, 26),
    asNumber: body.readUInt32BE(26),
    routerId: [...body.subarray(30, 34)].join('.'),
    wallMs: body.readUInt32BE(34) * 1000 + body.readUInt32BE(38) / 1000,
  };
}

function readTlvs(body: Buffer): readonly (readonly [number, Buffer])[] {
  const tlvs: [number, Buffer][] = [];
  for (let at = 0; at < body.length; ) {
    const end = at + 4 + body.readUInt16BE(at + 2);
    if (end > body.length) throw new Error('a TLV is cut off');
    tlvs.push([body.readUInt16BE(at), body.subarray(at + 4, end)]);
    at = end;
  }
  return tlvs;
}

function endOfMessages(octets: Buffer, start: number, count: number): number {
  let at = start;
  for (let left = count; left > 0; left -= 1) at += octets.readUInt16BE(at + 16);
  return at;
}

function bgpMessages(octets: Buffer): readonly Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < octets.length; ) {
    const end = at + octets.readUInt16BE(at + 16);
    if (end > octets.length || octets.toString('hex', at, at + 16) !== 'ff'.repeat(16))
      throw new Error('no BGP message');
    messages.push(octets.subarray(at, end));
    at = end;
  }
  return messages;
}
