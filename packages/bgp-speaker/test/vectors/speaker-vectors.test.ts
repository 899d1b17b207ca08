import { describe, expect, it } from 'vitest';
import type { Path } from '../../src/rib/path.ts';
import { toHex } from '../codec/message-fixtures.ts';
import { OWN_VECTORS } from './own-vectors.ts';
import { AUTHORED, type Vector } from './vector.ts';
import {
  allowedOutcomes,
  decodedField,
  expectedField,
  isAllowed,
  notDiscarded,
  type Outcome,
} from './vector-expectation.ts';
import { EARLIER_MED, playVector, type SpeakerReaction } from './vector-session.ts';

/** Not those with IPv4 over IPv6 next hops, for which the lab would need a session over IPv6. */
const PLAYABLE = [...AUTHORED, ...OWN_VECTORS].filter(({ session }) => session.extendedNextHop !== true);

function isReplaced(path: Path | undefined): path is Path {
  return path !== undefined && path.received.med !== EARLIER_MED;
}

/** What can be seen from outside; `eor`, `attribute-discard` and `disable-family` look like others there. */
function possibleOutcomes(vector: Vector, { notification, isSessionUp, routes }: SpeakerReaction): readonly Outcome[] {
  if (notification !== undefined) return ['notification'];
  if (!isSessionUp) return ['close'];
  if (routes.size === 0) return ['accept', 'eor', 'attribute-discard', 'withdraw'];
  const paths = [...routes.values()];
  if (paths.every((path) => isReplaced(path) && path.rejection === undefined)) return ['accept', 'attribute-discard'];
  // A route that import refuses counts as one that is not there.
  if (paths.every((path) => path === undefined || (isReplaced(path) && path.rejection !== undefined))) {
    return ['treat-as-withdraw', 'withdraw'];
  }
  throw new Error(`${vector.id}: the earlier route is still there`);
}

describe('a speaker that gets the message', () => {
  it.each(PLAYABLE.map((vector) => [vector.id, vector] as const))('%s', async (_id, vector) => {
    const reaction = await playVector(vector);
    const possible = possibleOutcomes(vector, reaction);
    const allowed = allowedOutcomes(vector.expect);
    const { notification, routes } = reaction;
    expect({ possible, notification, allowed }).toSatisfy(() =>
      possible.some((outcome) => isAllowed(allowed, outcome, notification)),
    );
    const { data, discard = [], decoded = {} } = vector.expect;
    if (data !== undefined && notification !== undefined) expect(toHex(notification.data)).toBe(data);
    for (const path of routes.values()) {
      if (path === undefined || path.rejection !== undefined || notification !== undefined) continue;
      if (discard.length > 0) expect(notDiscarded(vector.expect, path.received)).toEqual([]);
      if (vector.expect.propagate_unknown === true) expect(path.received.unknown).toHaveLength(1);
      for (const [field, value] of Object.entries(decoded))
        expect(decodedField(path.received, path.nextHop, field)).toEqual(expectedField(field, value));
    }
  });
});
