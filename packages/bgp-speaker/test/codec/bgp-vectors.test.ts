import type { BgpFamily } from '@slash32/shared';
import { describe, expect, it } from 'vitest';
import {
  BGP_FAMILIES,
  type BgpMessage,
  type CodecContext,
  checkOpen,
  type DecodedUpdate,
  type DecodeResult,
  initialContext,
  type NotificationMessage,
  packUpdates,
  prefixKeyToText,
} from '../../src/codec/index.ts';
import { AUTHORED, EXABGP, type Vector } from '../vectors/vector.ts';
import {
  allowedOutcomes,
  decodedField,
  expectedField,
  isAllowed,
  notDiscarded,
} from '../vectors/vector-expectation.ts';
import { decodeFirst, hex, prefixTexts, toHex } from './message-fixtures.ts';
import { AUTHORED_DECISIONS, EXABGP_DECISIONS, type VectorDecision, type VectorOutcome } from './vector-decisions.ts';

interface Result {
  readonly outcome: VectorOutcome;
  readonly notification?: NotificationMessage;
  readonly update?: DecodedUpdate;
}

function contextOf({ session }: Vector): CodecContext {
  const families = new Set<BgpFamily>(BGP_FAMILIES.filter((family) => session.families.includes(family)));
  return {
    ...initialContext(session.type),
    fourOctetAs: session.as4,
    extendedMessages: session.extendedMessages ?? false,
    families,
    addPathReceive: session.addPath ? families : new Set(),
    addPathSend: session.addPath ? families : new Set(),
    extendedNextHop: new Set<BgpFamily>(session.extendedNextHop === true ? ['ipv4-unicast'] : []),
  };
}

function resultOf(decodedMessage: DecodeResult<BgpMessage> | undefined, vector: Vector): Result {
  if (decodedMessage === undefined) throw new Error(`${vector.id} is cut off`);
  if (!decodedMessage.ok) return { outcome: 'notification', notification: decodedMessage.notification };
  const { value } = decodedMessage;
  switch (value.type) {
    case 'open': {
      const exabgp = vector.id.startsWith('exabgp-');
      const checked = checkOpen(value.open, {
        acceptsAs: (asNumber) => exabgp || asNumber === vector.session.peerAs,
        expectedAs: String(vector.session.peerAs),
        localRouterId: '10.0.0.1',
        peerType: vector.session.type,
      });
      return checked.ok ? { outcome: 'accept' } : { outcome: 'notification', notification: checked.notification };
    }
    case 'update':
      return updateResult(value.update);
    case 'notification':
      return { outcome: 'close' };
    default:
      return { outcome: 'accept' };
  }
}

function updateResult(update: DecodedUpdate): Result {
  if (update.action === 'session-reset' && update.notification !== undefined) {
    return { outcome: 'notification', notification: update.notification, update };
  }
  if (update.action !== undefined && update.action !== 'session-reset') return { outcome: update.action, update };
  if (update.endOfRib !== undefined) return { outcome: 'eor', update };
  return { outcome: update.reachable.length === 0 && update.withdrawn.length > 0 ? 'withdraw' : 'accept', update };
}

describe('authored vectors', () => {
  it.each(AUTHORED.map((vector) => [vector.id, vector] as const))('%s', (id, vector) => {
    const decision = AUTHORED_DECISIONS[id];
    const result = resultOf(decodeFirst(hex(vector.hex), contextOf(vector)), vector);
    if (decision !== undefined) {
      expect(result.outcome).toBe(decision.outcome);
    } else {
      const { outcome, notification } = result;
      const allowed = allowedOutcomes(vector.expect);
      expect({ outcome, notification, allowed }).toSatisfy(() => isAllowed(allowed, outcome, notification));
      const { data } = vector.expect;
      if (data !== undefined && notification !== undefined) expect(toHex(notification.data)).toBe(data);
    }
    if (result.update !== undefined) checkUpdate(vector, result.update, result.outcome);
  });

  it('decides only about rows that exist and differ', () => {
    const decided = AUTHORED.filter(({ id }) => AUTHORED_DECISIONS[id] !== undefined);
    expect(decided).toHaveLength(Object.keys(AUTHORED_DECISIONS).length);
    for (const { id, expect: expected } of decided) expect(AUTHORED_DECISIONS[id]?.outcome).not.toBe(expected.action);
  });
});

function checkUpdate({ expect: expected, nlri }: Vector, update: DecodedUpdate, outcome: VectorOutcome): void {
  if (outcome === 'eor') expect(update.endOfRib).toBe(expected.family ?? 'ipv4-unicast');
  if (outcome === 'treat-as-withdraw') {
    expect(update.reachable).toEqual([]);
    expect(prefixTexts(update.withdrawn)).toEqual(nlri);
  }
  if (outcome === 'accept' || outcome === 'attribute-discard') {
    const routes = prefixTexts(update.reachable);
    expect(routes).toEqual(routes.length === 0 ? [] : nlri);
  }
  if (expected.discard !== undefined) expect(update.errors.map(({ action }) => action)).toContain('attribute-discard');
  expect(notDiscarded(expected, update.attributes)).toEqual([]);
  const [nextHop] = update.reachable.map((block) => block.nextHop);
  for (const [field, value] of Object.entries(expected.decoded ?? {}))
    expect(decodedField(update.attributes, nextHop, field)).toEqual(expectedField(field, value));
}

/** LOCAL_PREF stands in nearly all of them: they were recorded on iBGP sessions, whatever `session` says. */
function exabgpContext(vector: Vector): CodecContext {
  const iBgp = vector.hex.includes('400504');
  const context = contextOf(vector);
  return {
    ...context,
    peerType: iBgp ? 'ibgp' : 'ebgp',
    fourOctetAs: !vector.id.startsWith('exabgp-enc/conf-no-asn4'),
    extendedNextHop: vector.id.startsWith('exabgp-enc/extended-nexthop') ? new Set(['ipv4-unicast']) : new Set(),
  };
}

describe('ExaBGP vectors', () => {
  it.each(EXABGP.map((vector) => [vector.id, vector] as const))('%s', (id, vector) => {
    const context = exabgpContext(vector);
    const result = resultOf(decodeFirst(hex(vector.hex), context), vector);
    const decision: VectorDecision | undefined = EXABGP_DECISIONS[id];
    if (decision !== undefined) expect(result.outcome).toBe(decision.outcome);
    else expect(['accept', 'withdraw', 'eor', 'close', 'attribute-discard']).toContain(result.outcome);
    if (result.update === undefined) return;
    const { unicast } = vector.expect;
    const usable = decision === undefined || decision.outcome === 'accept';
    if (unicast !== undefined && usable) {
      expect(announced(result.update)).toEqual(unicast.announce);
      expect(prefixTexts(result.update.withdrawn)).toEqual(unicast.withdraw.map(({ prefix }) => prefix));
    }
    for (const reachable of result.update.reachable) {
      const sent = [...packUpdates(reachable, result.update.attributes, context)];
      expect(sent).toHaveLength(1);
      const again = sent.flatMap((octets) => [resultOf(decodeFirst(octets, context), vector).update]);
      expect(again[0]?.reachable).toEqual([reachable]);
      expect(again[0]?.attributes).toEqual(withPartialBit(result.update).attributes);
    }
  });
});

function announced({ reachable }: DecodedUpdate): unknown[] {
  return reachable.flatMap(({ family, prefixes, pathIds, nextHop }) =>
    prefixes.map((key, index) => {
      const route = { family, prefix: prefixKeyToText(key), nextHop: nextHop.address };
      const pathId = pathIds?.[index];
      return pathId === undefined ? route : { ...route, pathId: dotted(pathId) };
    }),
  );
}

function dotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
}

function withPartialBit(update: DecodedUpdate): DecodedUpdate {
  const { unknown } = update.attributes;
  if (unknown === undefined) return update;
  return {
    ...update,
    attributes: { ...update.attributes, unknown: unknown.map((one) => ({ ...one, flags: one.flags | 0x20 })) },
  };
}
