import { ipAddressToBytes, parseIpAddress } from '@slash32/shared';

/** A peer that must be near: its segments arrive with at least this TTL or hop limit. */
export interface NearPeer {
  /** Canonical text; of a prefix, any address in it. */
  readonly address: string;
  /** Everybody in the prefix of this length; absent: the address alone. */
  readonly prefixLength?: number;
  /** 0–255; 0: it need not be near, and an entry behind it says nothing about it. */
  readonly minHopLimit: number;
}

/** One instruction of classic BPF: operation, jump if true, jump if false, operand. */
type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, operand: number];

/** Operations of `linux/filter.h`. */
const LOAD_WORD = 0x20;
const LOAD_OCTET = 0x30;
const MASK = 0x54;
const SHIFT_RIGHT = 0x74;
const JUMP_ALWAYS = 0x05;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_AT_LEAST = 0x35;
const RETURN = 0x06;

/** Loads from here on read the network header, whatever the socket sees as the start of the packet. */
const SKF_NET_OFF = 0xfff0_0000;
const ACCEPT: Instruction = [RETURN, 0, 0, 0xffff_ffff];
const DROP: Instruction = [RETURN, 0, 0, 0];

const VERSION_OFFSET = 0;
const OFFSETS = {
  4: { source: 12, hopLimit: 8 },
  6: { source: 8, hopLimit: 7 },
} as const;

/** Linux takes programs of at most so many instructions (BPF_MAXINSNS). */
const MAX_INSTRUCTIONS = 4096;
const INSTRUCTION_OCTETS = 8;

/**
 * A socket filter (classic BPF) that drops what comes from a near peer's address with a smaller TTL than it must have
 * (GTSM, RFC 5082 3); all other packets pass. For a listener, where one minimum for all connections would not do: it is
 * in force from the SYN on, and the connections that are accepted inherit it. Of several peers that an address belongs to,
 * the first counts.
 *
 * Returns `struct sock_filter`s: code (2 octets), jumps (1 and 1), operand (4), in the machine's byte order; `undefined`
 * if they are more than Linux takes.
 */
export function hopLimitFilter(peers: readonly NearPeer[]): Uint8Array | undefined {
  const ofFamily = (family: 4 | 6) =>
    peers.filter(({ address }) => address.includes(':') === (family === 6)).flatMap((peer) => peerBlock(peer, family));
  const ipv4 = [...ofFamily(4), ACCEPT];
  const program: Instruction[] = [
    [LOAD_OCTET, 0, 0, SKF_NET_OFF + VERSION_OFFSET],
    [SHIFT_RIGHT, 0, 0, 4],
    [JUMP_IF_EQUAL, 1, 0, 4],
    [JUMP_ALWAYS, 0, 0, ipv4.length],
    ...ipv4,
    ...ofFamily(6),
    ACCEPT,
  ];
  return program.length > MAX_INSTRUCTIONS ? undefined : encode(program);
}

/** Drops whatever arrives. */
export const DROP_ALL_FILTER: Uint8Array = encode([DROP]);

/** Falls through to what follows if the packet is from another address. */
function peerBlock({ address, prefixLength, minHopLimit }: NearPeer, family: 4 | 6): readonly Instruction[] {
  const octets = ipAddressToBytes(parseIpAddress(address));
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const verdict: readonly Instruction[] = [
    [LOAD_OCTET, 0, 0, SKF_NET_OFF + OFFSETS[family].hopLimit],
    [JUMP_IF_AT_LEAST, 0, 1, minHopLimit],
    ACCEPT,
    DROP,
  ];
  // From the last word on, since each of them jumps over what follows it.
  let block: readonly Instruction[] = verdict;
  for (let at = octets.length - 4; at >= 0; at -= 4) {
    const bits = Math.min(32, Math.max(0, (prefixLength ?? octets.length * 8) - at * 8));
    if (bits === 0) continue;
    const mask = (0xffff_ffff << (32 - bits)) >>> 0;
    block = [
      [LOAD_WORD, 0, 0, SKF_NET_OFF + OFFSETS[family].source + at],
      ...(bits === 32 ? [] : [[MASK, 0, 0, mask] as const]),
      [JUMP_IF_EQUAL, 0, block.length, (view.getUint32(at) & mask) >>> 0],
      ...block,
    ];
  }
  return block;
}

function encode(program: readonly Instruction[]): Uint8Array {
  const octets = new Uint8Array(program.length * INSTRUCTION_OCTETS);
  const view = new DataView(octets.buffer);
  for (const [index, [code, jumpTrue, jumpFalse, operand]] of program.entries()) {
    const at = index * INSTRUCTION_OCTETS;
    view.setUint16(at, code, true);
    view.setUint8(at + 2, jumpTrue);
    view.setUint8(at + 3, jumpFalse);
    view.setUint32(at + 4, operand, true);
  }
  return octets;
}
