import { hex, message, toHex, update } from '../codec/message-fixtures.ts';
import type { Vector, VectorExpectation, VectorSession } from './vector.ts';

const EBGP: VectorSession = {
  type: 'ebgp',
  peerAs: 65_001,
  as4: true,
  addPath: false,
  families: ['ipv4-unicast', 'ipv6-unicast'],
};
const IBGP: VectorSession = { ...EBGP, type: 'ibgp', peerAs: 64_512 };
export const SESSIONS = {
  ebgp: EBGP,
  ibgp: IBGP,
  /** Without 4-octet AS numbers. */
  old: { ...EBGP, as4: false },
  ipv4Only: { ...EBGP, families: ['ipv4-unicast'] },
  extended: { ...EBGP, extendedMessages: true },
  /** The peer sends Path Identifiers (RFC 7911). */
  addPath: { ...EBGP, addPath: true },
} as const satisfies Record<string, VectorSession>;
export type SessionName = keyof typeof SESSIONS;

export const ROUTE = '10.201.0.1/32';
export const NLRI = '200ac90001';
export const ROUTE6 = '2001:db8:201::/48';
const NLRI6 = '3020010db80201';

/** Attributes in hexadecimal, by type code: what a plain route has in this session. */
function plainAttributes(session: SessionName): ReadonlyMap<number, string> {
  const asPath = session === 'ibgp' ? '400200' : session === 'old' ? '4002040201fde9' : '40020602010000fde9';
  return new Map([
    [1, '40010100'],
    [2, asPath],
    [3, '4003040a000002'],
    ...(session === 'ibgp' ? [[5, '40050400000064'] as const] : []),
  ]);
}

/** An MP_REACH_NLRI of {@link ROUTE6}. */
export const MP_REACH = attribute(0x80, 14, `000201 10 20010db8000000000000000000000001 00 ${NLRI6}`);

/** One path attribute; its length is that of the value unless given, of two octets with flag 0x10. */
export function attribute(flags: number, typeCode: number, value: string, length = hex(value).length): string {
  const octets = (flags & 0x10) === 0 ? [length] : [length >>> 8, length & 0xff];
  return toHex(Uint8Array.of(flags, typeCode, ...octets, ...hex(value)));
}

export interface UpdateRow {
  /** In place of the plain one of its type, behind the others. */
  readonly with?: string;
  /** Type code of a plain attribute that is left out. */
  readonly without?: number;
  /** All attributes. */
  readonly attributes?: string;
  readonly withdrawn?: string;
  readonly announced?: string;
}

/** A row whose message is an UPDATE of {@link ROUTE}, or of what `routes` names. */
export function updateRow(
  id: string,
  session: SessionName,
  row: UpdateRow,
  expect: VectorExpectation,
  routes: readonly string[] = [ROUTE],
): Vector {
  const { with: replacement, without, attributes, withdrawn = '', announced = NLRI } = row;
  const plain = new Map(plainAttributes(session));
  if (replacement !== undefined) plain.delete(hex(replacement)[1] ?? 0);
  if (without !== undefined) plain.delete(without);
  const all = attributes ?? `${[...plain.values()].join('')}${replacement ?? ''}`;
  return {
    id: `${id} (${session})`,
    phase: 'update',
    session: SESSIONS[session],
    hex: toHex(update({ withdrawn, attributes: all, nlri: announced })),
    nlri: routes,
    expect,
  };
}

/** A row whose message has this type and body; `length`: what its header says in place of the truth. */
export function messageRow(
  id: string,
  phase: string,
  type: number,
  body: string,
  expect: VectorExpectation,
  { session = 'ebgp', length }: { readonly session?: SessionName; readonly length?: number } = {},
): Vector {
  const octets = message(type, hex(body));
  if (length !== undefined) octets.set([length >>> 8, length & 0xff], 16);
  return { id, phase, session: SESSIONS[session], hex: toHex(octets), nlri: [], expect };
}
