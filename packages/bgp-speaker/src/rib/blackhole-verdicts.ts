import { WELL_KNOWN_COMMUNITIES } from '@slash32/shared';
import {
  canonicalSet,
  type PathAttributes,
  type PrefixKey,
  prefixKeyAddressFamily,
  prefixKeyLength,
} from '../codec/index.ts';
import type { ImportVerdict } from './import-policy.ts';

interface Outcomes {
  readonly host: ImportVerdict;
  readonly wider: ImportVerdict;
}

/**
 * What BLACKHOLE (RFC 7999) makes of the import policies' verdicts, where the router may have packets dropped. It looks at
 * the communities that the policies left: they can take it off, and put it on. Equal outcomes are one object.
 */
export class BlackholeVerdicts {
  /** `undefined`: the verdict stands. */
  readonly #outcomes = new Map<ImportVerdict, Outcomes | undefined>();

  verdictOf(verdict: ImportVerdict, key: PrefixKey): ImportVerdict {
    if (!this.#outcomes.has(verdict)) this.#outcomes.set(verdict, outcomesOf(verdict));
    const outcomes = this.#outcomes.get(verdict);
    if (outcomes === undefined) return verdict;
    return prefixKeyLength(key) === (prefixKeyAddressFamily(key) === 4 ? 32 : 128) ? outcomes.host : outcomes.wider;
  }
}

function outcomesOf(verdict: ImportVerdict): Outcomes | undefined {
  const { attributes, rejection } = verdict;
  if (rejection !== undefined || attributes.communities?.includes(WELL_KNOWN_COMMUNITIES.BLACKHOLE) !== true) {
    return undefined;
  }
  return {
    host: { ...verdict, attributes: withinOurAs(attributes), blackhole: true },
    wider: { ...verdict, rejection: 'BLACKHOLE is taken for single addresses only' },
  };
}

/** RFC 7999 3.2: it goes no further than it was meant to. */
function withinOurAs(attributes: PathAttributes): PathAttributes {
  const communities = canonicalSet([...(attributes.communities ?? []), WELL_KNOWN_COMMUNITIES.NO_EXPORT]);
  return { ...attributes, communities };
}
