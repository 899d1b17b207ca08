export interface CapabilityComparison {
  /** Names of what both sides can do, with the family where that is the capability. */
  readonly both: readonly string[];
  /** What both have, each with values of its own: `graceful-restart: ours 120 s, theirs 90 s (ipv4-unicast)`. */
  readonly differing: readonly string[];
  readonly onlyOurs: readonly string[];
  readonly onlyTheirs: readonly string[];
}

/** Capabilities as daemons write them: a name, and after a space what it says. `capability 99 0x…` is of no known kind. */
function nameOf(capability: string): string {
  if (capability.startsWith('multiprotocol ') || capability.startsWith('capability ')) return capability;
  return capability.split(' ', 1)[0] ?? capability;
}

function saidBy(capability: string): string {
  return capability.slice(nameOf(capability).length + 1) || 'without a value';
}

/** AS numbers are to differ, and are shown by themselves. */
const NO_NEWS = new Set(['four-octet-as']);

export function compareCapabilities(ours: readonly string[], theirs: readonly string[]): CapabilityComparison {
  const theirsByName = new Map(theirs.map((capability) => [nameOf(capability), capability]));
  const ourNames = new Set(ours.map(nameOf));
  const shared = ours.flatMap((capability) => {
    const other = theirsByName.get(nameOf(capability));
    return other === undefined ? [] : [{ capability, other }];
  });
  const isSame = ({ capability, other }: (typeof shared)[number]) => capability === other;
  return {
    both: shared.map((pair) => (isSame(pair) ? pair.capability : nameOf(pair.capability))),
    differing: shared
      .filter((pair) => !isSame(pair) && !NO_NEWS.has(nameOf(pair.capability)))
      .map(({ capability, other }) => `${nameOf(capability)}: ours ${saidBy(capability)}, theirs ${saidBy(other)}`),
    onlyOurs: ours.filter((capability) => !theirsByName.has(nameOf(capability))),
    onlyTheirs: theirs.filter((capability) => !ourNames.has(nameOf(capability))),
  };
}
