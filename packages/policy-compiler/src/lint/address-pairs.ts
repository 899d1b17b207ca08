import { type Instance, keyOf } from '@slash32/shared';
import { nameOf } from '../model/resource-name.ts';
import { addressSet, addressTexts, familyOf } from '../reachability/address-set.ts';
import type { LintContext } from './lint-context.ts';
import { type LintFinding, lintFinding } from './lint-finding.ts';

/** How many others a message names. */
const NAMED = 3;

/** Allowed address pairs that grant more than was probably meant, or nothing. */
export function addressPairs(instance: Instance, context: LintContext): LintFinding[] {
  const { spec } = instance;
  const pools = context.model.network(spec.network)?.spec.pools.map(({ cidr }) => cidr);
  const pairs = spec.allowedAddressPairs.map(({ cidr, mac = spec.mac }) => ({
    cidr,
    mac,
    addresses: addressSet([cidr], familyOf(cidr)),
  }));
  return pairs.flatMap(({ cidr, mac, addresses }, index): LintFinding[] => {
    const path = `spec.allowedAddressPairs[${index}]`;
    const subject = `Instance ${nameOf(instance)}: ${path} (${cidr})`;
    const findings: LintFinding[] = [];
    const add = (code: LintFinding['code'], message: string): void => {
      findings.push(lintFinding(code, keyOf(instance), path, `${subject} ${message}`));
    };
    const family = familyOf(cidr);
    const beyond = addresses.subtract(addressSet(pools ?? [cidr], family));
    if (!beyond.isEmpty) {
      const texts = addressTexts(beyond, family);
      const what = beyond.equals(addresses) ? 'is outside' : 'reaches beyond';
      const which = texts.length <= NAMED && !beyond.equals(addresses) ? ` by ${texts.join(', ')}` : '';
      add(
        'lint.pair-exceeds-pools',
        `${what} the pools of Network ${spec.network}${which}, so it may send as somebody else; write the addresses it really uses`,
      );
    }
    const others = context.ownersIn(addresses, family).filter((name) => name !== nameOf(instance));
    if (others.length > 0) {
      const names =
        others.slice(0, NAMED).join(', ') + (others.length > NAMED ? ` and ${others.length - NAMED} more` : '');
      add('lint.pair-covers-instances', `lets it send as ${names}; write the addresses it really uses`);
    }
    const wider = pairs.findIndex(
      (other, place) =>
        place !== index &&
        other.mac === mac &&
        familyOf(other.cidr) === family &&
        other.addresses.covers(addresses) &&
        (place < index || !addresses.covers(other.addresses)),
    );
    if (wider >= 0) {
      const { cidr: by = '' } = pairs[wider] ?? {};
      add('lint.redundant-pair', `is inside spec.allowedAddressPairs[${wider}] (${by}); delete it`);
    }
    return findings;
  });
}
