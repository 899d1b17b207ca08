import { describe, expect, it } from 'vitest';
import { addressSet, FabricModel, OUTSIDE, outsideText, Reachability } from '../../src/index.ts';
import { instance } from '../manifests.ts';
import { foundation } from '../random-fabric.ts';

const model = new FabricModel();
for (const resource of foundation()) model.put(resource);
for (const last of [1, 5, 6, 9]) {
  model.put(
    instance(`t/i${last}`, {
      host: 'h1',
      interface: `tap${last}`,
      mac: `52:54:00:00:00:0${last}`,
      network: 'public',
      addresses: [`10.1.0.${last}`, `2001:db8:1::${last}`],
      securityGroups: ['t/g1'],
    }),
  );
}
const reachability = new Reachability(model);

/** Of these prefixes without these, as far as they are outside. */
function text(prefixes: readonly string[], without: readonly string[] = []): string {
  const family = prefixes[0]?.includes(':') ? 6 : 4;
  const outside = reachability.addresses(OUTSIDE, family);
  return outsideText(
    addressSet(prefixes, family).subtract(addressSet(without, family)).intersect(outside),
    reachability,
    family,
  );
}

describe('outsideText', () => {
  it('has words for what people mean', () => {
    expect(text(['0.0.0.0/0'])).toBe('internet');
    expect(text(['::/0'])).toBe('internet');
    expect(text(['0.0.0.0/0'], ['10.0.0.0/8'])).toBe('internet beyond the site');
    expect(text(['10.0.0.0/8'])).toBe('site');
  });

  it('does not tell instances as gaps', () => {
    expect(text(['10.1.0.0/24'])).toBe('10.1.0.0/24');
    expect(text(['2001:db8:1::/64'])).toBe('2001:db8:1::/64');
    expect(text(['10.1.0.4/32', '10.1.0.7/32'])).toBe('10.1.0.4/30');
    expect(text(['10.1.0.4/32', '10.1.0.8/32'])).toBe('10.1.0.4, 10.1.0.8');
  });

  it('says what is missing where that is shorter', () => {
    expect(text(['0.0.0.0/0'], ['198.51.100.0/24'])).toBe('internet but 198.51.100.0/24');
    expect(text(['198.51.100.0/24', '10.2.0.7/32'])).toBe('10.2.0.7, 198.51.100.0/24');
  });

  it('names a host if that is all', () => {
    expect(text(['192.0.2.11/32'])).toBe('192.0.2.11');
  });
});
