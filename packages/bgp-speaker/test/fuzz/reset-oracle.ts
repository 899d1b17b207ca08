import type { BgpFamily } from '@slash32/shared';

/** What a connection's octets may be answered with, as far as RFC 4271 section 6 and RFC 7606 say. */
export interface OracleSession {
  readonly families: ReadonlySet<BgpFamily>;
  readonly maxLength: number;
  /** Families whose prefixes come with Path Identifiers (RFC 7911). */
  readonly withPathIds: ReadonlySet<BgpFamily>;
}

/** Attributes whose errors cost the session (RFC 7606 7.11, 7.12). */
const MP_REACH = 14;
const MP_UNREACH = 15;
/** Well-known attributes that exist (RFC 4271 5); any other one is an error of code 3 subcode 2. */
const WELL_KNOWN = new Set([1, 2, 3, 5, 6]);
/** Type codes with a row of their own, of which wrong flags are another matter than not knowing them. */
const KNOWN = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 25, 26, 32, 35, 40]);

/**
 * Reads what a peer sends beside the speaker, with code of its own, and keeps which codes of NOTIFICATION it may be
 * answered with in Established. It is generous where the RFCs leave a choice, and knows none of the codec's tables: what
 * it forbids is what RFC 7606 forbids.
 */
export class ResetOracle {
  readonly #session: OracleSession;
  readonly #allowed = new Set<number>();
  #stream: number[] = [];
  #isLost = false;

  constructor(session: OracleSession) {
    this.#session = session;
  }

  /** Codes that the octets so far excuse. */
  get allowed(): ReadonlySet<number> {
    return this.#allowed;
  }

  /** True once the stream cannot be read on: the session must not survive that. */
  get isLost(): boolean {
    return this.#isLost;
  }

  push(octets: Uint8Array): void {
    if (this.#isLost) return;
    this.#stream = this.#stream.concat([...octets]);
    while (this.#stream.length > 0 && !this.#isLost && this.#takeMessage());
  }

  /** True if a message was there. */
  #takeMessage(): boolean {
    const stream = this.#stream;
    if (stream.slice(0, 16).some((octet) => octet !== 0xff)) return this.#lose(1);
    if (stream.length < 19) return false;
    const length = uint16(stream, 16);
    const type = stream[18] ?? 0;
    const limit = type === 2 || type === 3 || type === 5 ? this.#session.maxLength : 4096;
    const least = { 1: 29, 2: 23, 3: 21, 4: 19, 5: 19 }[type];
    if (least === undefined || length < least || length > limit || (type === 4 && length !== 19)) return this.#lose(1);
    if (stream.length < length) return false;
    const message = stream.slice(0, length);
    this.#stream = stream.slice(length);
    if (type === 1) {
      this.#allowed.add(2).add(5).add(6);
      this.#isLost = true;
    } else if (type === 3) {
      this.#isLost = true;
    } else if (type === 5 && length !== 23) return this.#lose(7);
    else if (type === 2 && this.#mayReset(message)) this.#allowed.add(3);
    return true;
  }

  #lose(code: number): boolean {
    this.#allowed.add(code);
    this.#isLost = true;
    return true;
  }

  #mayReset(message: readonly number[]): boolean {
    const withdrawnEnd = 21 + uint16(message, 19);
    if (withdrawnEnd + 2 > message.length) return true;
    const attributesEnd = withdrawnEnd + 2 + uint16(message, withdrawnEnd);
    if (attributesEnd > message.length) return true;
    const idOctets = this.#idOctets('ipv4-unicast');
    if (!isPrefixList(message.slice(21, withdrawnEnd), 32, idOctets)) return true;
    const nlri = message.slice(attributesEnd);
    if (!isPrefixList(nlri, 32, idOctets)) return true;
    return this.#attributesMayReset(message.slice(withdrawnEnd + 2, attributesEnd), nlri.length > 0);
  }

  /** `announces`: the NLRI field has routes that could be withdrawn. */
  #attributesMayReset(octets: readonly number[], announces: boolean): boolean {
    const seen = new Set<number>();
    let hasFault = false;
    let reaches = announces && this.#session.families.has('ipv4-unicast');
    let isForeign = announces && !this.#session.families.has('ipv4-unicast');
    for (let at = 0; at < octets.length; ) {
      const flags = octets[at] ?? 0;
      const type = octets[at + 1];
      const head = (flags & 0x10) === 0 ? 3 : 4;
      const length = head === 3 ? (octets[at + 2] ?? 0) : uint16(octets, at + 2);
      const end = at + head + length;
      const isMp = type === MP_REACH || type === MP_UNREACH;
      if (at + head > octets.length || end > octets.length) {
        // Cut off: routes in what cannot be read are lost.
        if (isMp) return true;
        hasFault = true;
        break;
      }
      if (isMp) {
        if (seen.has(type)) return true;
        const value = octets.slice(at + head, end);
        if (!this.#isReadable(type, value)) return true;
        if (type === MP_REACH && this.#isOurs(value)) reaches ||= value.length > 5 + (value[3] ?? 0);
        else if (type === MP_REACH) isForeign = true;
      } else if (type !== undefined && (flags & 0x80) === 0 && !WELL_KNOWN.has(type) && !KNOWN.has(type)) {
        return true;
      }
      if (type !== undefined) seen.add(type);
      at = end;
    }
    // RFC 7606 5.2: an error that would withdraw, and no route to withdraw. Whether there is one is not looked into.
    if (!reaches && !isForeign) return octets.length > 0;
    return hasFault && !reaches && !isForeign;
  }

  #idOctets(family: BgpFamily): number {
    return this.#session.withPathIds.has(family) ? 4 : 0;
  }

  #isOurs(value: readonly number[]): boolean {
    const family = familyOf(value);
    return family !== undefined && this.#session.families.has(family);
  }

  #isReadable(type: number, value: readonly number[]): boolean {
    if (value.length < 3) return false;
    const family = familyOf(value);
    if (family === undefined || !this.#session.families.has(family)) return true;
    const bits = family === 'ipv4-unicast' ? 32 : 128;
    const idOctets = this.#idOctets(family);
    if (type === MP_UNREACH) return isPrefixList(value.slice(3), bits, idOctets);
    const hop = value[3] ?? 0;
    const lengths = family === 'ipv4-unicast' ? [4] : [16, 32];
    return lengths.includes(hop) && value.length >= 5 + hop && isPrefixList(value.slice(5 + hop), bits, idOctets);
  }
}

function uint16(octets: readonly number[], at: number): number {
  return (octets[at] ?? 0) * 256 + (octets[at + 1] ?? 0);
}

function familyOf(value: readonly number[]): BgpFamily | undefined {
  if (value[2] !== 1) return undefined;
  const afi = uint16(value, 0);
  if (afi === 1) return 'ipv4-unicast';
  return afi === 2 ? 'ipv6-unicast' : undefined;
}

function isPrefixList(octets: readonly number[], bits: number, idOctets: number): boolean {
  let at = 0;
  while (at < octets.length) {
    at += idOctets;
    if (at >= octets.length) return false;
    const length = octets[at] ?? 0;
    if (length > bits) return false;
    at += 1 + Math.ceil(length / 8);
  }
  return at === octets.length;
}
