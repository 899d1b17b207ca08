import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BgpFamily } from '@slash32/shared';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CodecContext,
  decodeMessage,
  encodeEndOfRib,
  encodeKeepalive,
  encodeNotification,
  encodeOpen,
  encodeRouteRefresh,
  type Frame,
  initialContext,
  messageType,
  type OpenMessage,
  type PathAttributes,
  type PrefixKey,
  packUpdates,
  packWithdrawals,
  prefixKeyToText,
  shutdownNotification,
} from '../../src/codec/index.ts';
import { dissect, writeMessages } from '../lab/tshark.ts';
import { COMPLAINTS, FIELD_NAMES, fieldsOf } from '../lab/tshark-fields.ts';
import { AUTHORED, EXABGP } from '../vectors/vector.ts';
import { forEbgp, ibgpAttributes, ipv4NextHops, ipv6NextHops, opens, prefixKeys } from './arbitraries.ts';
import { decodeFirst, hex } from './message-fixtures.ts';

/** Of the samples; another one is another set of messages. */
const SEED = Number(process.env.TSHARK_SEED ?? 7606);
const SAMPLES = 60;
/** Type codes whose octets tshark does not look into. */
const OPAQUE_ATTRIBUTES = new Set([11, 13, 255]);
const OPAQUE_CAPABILITY = 200;
/** What tshark remarks on without finding it wrong. */
const HARMLESS = new Set(['Graceful Restart Capability supported in Helper mode only']);

const BOTH: ReadonlySet<BgpFamily> = new Set<BgpFamily>(['ipv4-unicast', 'ipv6-unicast']);

function contextOf(changes: Partial<CodecContext>): CodecContext {
  return { ...initialContext('ibgp'), fourOctetAs: true, families: BOTH, ...changes };
}

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tshark-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

/** tshark reads every message as the codec does, and finds nothing wrong with any. */
async function agreesWithTshark(messages: readonly Uint8Array[], context: CodecContext): Promise<void> {
  expect(messages.length).toBeGreaterThan(0);
  const path = join(directory, 'messages.pcap');
  await writeMessages(path, messages);
  const read = await dissect(path, [...COMPLAINTS, ...FIELD_NAMES], { asOctets: context.fourOctetAs ? 4 : 2 });
  expect(read).toHaveLength(messages.length);
  for (const fields of read) {
    const remarks = fields.get('_ws.expert.message')?.filter((text) => !HARMLESS.has(text)) ?? [];
    expect({ remarks, malformed: fields.get('_ws.malformed') }).toEqual({ remarks: [], malformed: [] });
  }
  for (const [index, octets] of messages.entries()) {
    const frame: Frame = { type: messageType(octets), octets };
    const decoded = decodeMessage(frame, context);
    if (!decoded.ok) throw new Error(`message ${index}: ${decoded.reason}`);
    const expected = fieldsOf(decoded.value, context);
    const what = `message ${index}, ${Buffer.from(octets).toString('hex').slice(0, 400)}`;
    const fields = new Map([...(read[index] ?? [])].filter(([name]) => expected.has(name)));
    expect({ what, fields }).toEqual({ what, fields: expected });
  }
}

function opaque({ unknown, ...attributes }: PathAttributes): PathAttributes {
  const kept = unknown?.filter(({ typeCode }) => OPAQUE_ATTRIBUTES.has(typeCode)) ?? [];
  return kept.length === 0 ? attributes : { ...attributes, unknown: kept };
}

/** Unknown capabilities that tshark knows no more than we do, and names in ASCII, which it takes them for. */
function plain(open: OpenMessage): OpenMessage {
  const capabilities = open.capabilities.map((one) => {
    if (one.kind === 'unknown') return { ...one, code: OPAQUE_CAPABILITY };
    return one.kind === 'hostname' ? { ...one, hostname: 'h1', domain: 'rack-a.example' } : one;
  });
  return { ...open, capabilities };
}

/** tshark guesses whether there are Path Identifiers, and takes short prefixes and zeroes for them. */
function looksLikePathId(key: PrefixKey): boolean {
  const [address = '', length = ''] = prefixKeyToText(key).split('/');
  return Number(length) < 20 || /^(0\.|:|0)/.test(address) || /\b0\b|::/.test(address);
}

/** Announcements and withdrawals of random routes, as the session has them. */
function updates(family: BgpFamily, context: CodecContext): readonly Uint8Array[] {
  const hops = family === 'ipv4-unicast' && context.extendedNextHop.size === 0 ? ipv4NextHops : ipv6NextHops;
  return fc
    .sample(fc.tuple(ibgpAttributes, prefixKeys(family), hops), { seed: SEED, numRuns: SAMPLES })
    .flatMap(([attributes, prefixes, nextHop]) => {
      const sent = context.peerType === 'ebgp' ? forEbgp(opaque(attributes)) : opaque(attributes);
      const withoutIds = { family, prefixes: prefixes.filter((key) => !looksLikePathId(key)).slice(0, 30) };
      const pathIds = withoutIds.prefixes.map((_, index) => index + 1);
      const block = context.addPathSend.has(family) ? { ...withoutIds, pathIds } : withoutIds;
      return [...packUpdates({ ...block, nextHop }, sent, context), ...packWithdrawals(block, context)];
    });
}

describe('tshark reads what we send as we do', () => {
  it('OPEN', async () => {
    const sent = fc.sample(opens, { seed: SEED, numRuns: 200 }).map((open) => encodeOpen(plain(open)));
    await agreesWithTshark(sent, contextOf({}));
  });

  it('NOTIFICATION, ROUTE-REFRESH, KEEPALIVE and End-of-RIB', async () => {
    await agreesWithTshark(
      [
        encodeKeepalive(),
        encodeNotification(shutdownNotification(2, 'see you, naïve café')),
        encodeNotification(shutdownNotification(4, '')),
        encodeNotification({ code: 3, subcode: 5, data: hex('c00803000000') }),
        encodeNotification({ code: 2, subcode: 2, data: new Uint8Array(0) }),
        encodeNotification({ code: 4, subcode: 0, data: new Uint8Array(0) }),
        encodeRouteRefresh({ afi: 1, safi: 1, subtype: 'request' }),
        encodeRouteRefresh({ afi: 2, safi: 1, subtype: 'begin' }),
        encodeRouteRefresh({ afi: 2, safi: 1, subtype: 'end' }),
        encodeEndOfRib('ipv4-unicast'),
        encodeEndOfRib('ipv6-unicast'),
      ],
      contextOf({}),
    );
  });

  it.each([
    ['IPv4, iBGP', 'ipv4-unicast', {}],
    ['IPv4, eBGP', 'ipv4-unicast', { peerType: 'ebgp' }],
    ['IPv4, AS numbers of two octets', 'ipv4-unicast', { fourOctetAs: false }],
    ['IPv4 over IPv6 next hops', 'ipv4-unicast', { extendedNextHop: new Set<BgpFamily>(['ipv4-unicast']) }],
    ['IPv6, iBGP', 'ipv6-unicast', {}],
    ['IPv6, eBGP, AS numbers of two octets', 'ipv6-unicast', { peerType: 'ebgp', fourOctetAs: false }],
    ['IPv4, with Path Identifiers', 'ipv4-unicast', { addPathSend: BOTH, addPathReceive: BOTH }],
    ['IPv6, with Path Identifiers', 'ipv6-unicast', { addPathSend: BOTH, addPathReceive: BOTH }],
    ['extended messages', 'ipv4-unicast', { extendedMessages: true }],
  ] as const)('UPDATE: %s', async (_name, family, changes) => {
    const context = contextOf(changes);
    await agreesWithTshark(updates(family, context), context);
  });
});

describe('tshark reads what others sent as we do', () => {
  it('the sound UPDATEs of the message vectors', async () => {
    const context = contextOf({});
    const messages = [...AUTHORED, ...EXABGP]
      .filter(({ session, expect: { unicast, action } }) => {
        // Of ExaBGP's rows, those that say which unicast routes there are; the others have other families.
        return session.as4 && !session.addPath && (unicast !== undefined || action === 'accept');
      })
      .map((vector) => hex(vector.hex))
      .filter((octets) => {
        const decoded = decodeFirst(octets, context);
        if (decoded?.ok !== true || decoded.value.type !== 'update') return false;
        const { errors, reachable, attributes } = decoded.value.update;
        const isDefault = reachable.some(({ prefixes }) => prefixes.some((key) => prefixKeyToText(key).endsWith('/0')));
        return errors.length === 0 && reachable.length === 1 && attributes.unknown === undefined && !isDefault;
      });
    expect(messages.length).toBeGreaterThan(40);
    await agreesWithTshark(messages, context);
  });
});
