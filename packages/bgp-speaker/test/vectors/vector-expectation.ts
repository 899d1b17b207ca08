import { attributeDefinition } from '../../src/codec/attributes/attribute-table.ts';
import {
  formatAsPath,
  formatCommunity,
  formatLargeCommunity,
  type NextHop,
  type NotificationMessage,
  type PathAttributes,
} from '../../src/codec/index.ts';
import type { VectorExpectation } from './vector.ts';

/** What becomes of a message, as far as rows tell outcomes apart. */
export type Outcome =
  | 'accept'
  | 'treat-as-withdraw'
  | 'attribute-discard'
  | 'withdraw'
  | 'eor'
  | 'disable-family'
  | 'close'
  | 'notification';

/** An outcome that a row allows; a NOTIFICATION of this code, and of this subcode if there is one. */
export interface AllowedOutcome {
  readonly outcome: Outcome;
  readonly code?: number;
  readonly subcode?: number;
}

/** All that `expect` allows, its `alt` and `ok` included; throws for an action that is new. */
export function allowedOutcomes(expected: VectorExpectation): readonly AllowedOutcome[] {
  const others = [expected.alt, ...(expected.ok ?? [])].flatMap((text) => (text === undefined ? [] : namedIn(text)));
  return [...ofAction(expected), ...others];
}

function ofAction({ action, code, subcode }: VectorExpectation): readonly AllowedOutcome[] {
  switch (action) {
    case 'accept':
    case 'ignore':
      // An attribute that is discarded costs no route; that it is gone is for `discard` to say.
      return [{ outcome: 'accept' }, { outcome: 'attribute-discard' }];
    case 'treat-as-withdraw':
    case 'attribute-discard':
    case 'withdraw':
    case 'eor':
    case 'close':
      return [{ outcome: action }];
    case 'afi-safi-disable':
    case 'disable-family':
      return [{ outcome: 'disable-family' }];
    case 'session-reset-or-afi-safi-disable':
      return [{ outcome: 'disable-family' }, { outcome: 'notification', code: 3 }];
    case 'session-reset':
    case 'reset':
    case 'notification':
      return [
        {
          outcome: 'notification',
          ...(code === undefined ? {} : { code }),
          ...(subcode === undefined ? {} : { subcode }),
        },
      ];
    case 'no-crash':
      return ANYTHING;
    default:
      throw new Error(`a row expects "${action}", which vector-expectation.ts does not know yet`);
  }
}

const ANYTHING: readonly AllowedOutcome[] = (
  [
    'accept',
    'treat-as-withdraw',
    'attribute-discard',
    'withdraw',
    'eor',
    'disable-family',
    'close',
    'notification',
  ] as const
).map((outcome) => ({ outcome }));

/** Outcomes in a row's words: `treat-as-withdraw or 3/11 with enforce-first-as`. */
function namedIn(text: string): readonly AllowedOutcome[] {
  const named: AllowedOutcome[] = [];
  if (/\baccept|\bignore/.test(text)) named.push({ outcome: 'accept' });
  if (/\bclose\b/.test(text)) named.push({ outcome: 'close' });
  if (/treat-as-withdraw/.test(text)) named.push({ outcome: 'treat-as-withdraw' });
  if (/attribute-discard|discard/.test(text)) named.push({ outcome: 'attribute-discard' });
  if (/disable/.test(text)) named.push({ outcome: 'disable-family' });
  if (/session-reset/.test(text)) named.push({ outcome: 'notification' });
  for (const [, code = '', subcode = ''] of text.matchAll(/\b(\d)\/(\d+|x)\b/g)) {
    named.push({
      outcome: 'notification',
      code: Number(code),
      ...(subcode === 'x' ? {} : { subcode: Number(subcode) }),
    });
  }
  return named;
}

export function isAllowed(
  allowed: readonly AllowedOutcome[],
  outcome: Outcome,
  notification: Pick<NotificationMessage, 'code' | 'subcode'> | undefined,
): boolean {
  return allowed.some(
    (one) =>
      one.outcome === outcome &&
      (one.code === undefined || one.code === notification?.code) &&
      (one.subcode === undefined || one.subcode === notification?.subcode),
  );
}

/** Attributes of `discard` that the route still has. */
export function notDiscarded(expected: VectorExpectation, attributes: PathAttributes): readonly number[] {
  return (expected.discard ?? []).filter(
    (typeCode) =>
      attributeDefinition(typeCode)?.format?.(attributes) !== undefined ||
      attributes.unknown?.some((one) => one.typeCode === typeCode) === true,
  );
}

/** A field of `expect.decoded`, in the form that the rows give it. */
export function decodedField(attributes: PathAttributes, nextHop: NextHop | undefined, field: string): unknown {
  switch (field) {
    case 'asPathText':
      return formatAsPath(attributes.asPath);
    case 'hops':
      return attributes.asPath.flatMap(({ asNumbers }) => asNumbers).length;
    case 'nextHop':
      return nextHop?.linkLocal === undefined ? nextHop?.address : [nextHop.address, nextHop.linkLocal];
    case 'communities':
      // The rows list them in the order of the message; ours are a set.
      return new Set(attributes.communities?.map(formatCommunity));
    case 'largeCommunities':
      return attributes.largeCommunities?.map(formatLargeCommunity);
    case 'otc':
      return attributes.onlyToCustomer;
    case 'aggregator':
      return attributes.aggregator && `${attributes.aggregator.asNumber} ${attributes.aggregator.routerId}`;
    case 'originatorId':
    case 'clusterList':
    case 'origin':
    case 'med':
    case 'localPref':
    case 'extendedCommunities':
      return attributes[field];
    default:
      throw new Error(`a row expects the field "${field}", which vector-expectation.ts does not know yet`);
  }
}

/** The value of `expect.decoded`, made comparable with {@link decodedField}'s. */
export function expectedField(field: string, value: unknown): unknown {
  return field === 'communities' && Array.isArray(value) ? new Set(value) : value;
}
