import { evaluateHook, type FabricModel, type ProgramPacket, type ResolvedInstance } from '@slash32/policy-compiler';
import type { NftRuleset } from '@slash32/shared';

const TABLE = 'inet slash32';
/** One that `openGroup` admits, so that what should be closed would be seen open. */
const PORT = 7;
const FAR = { 4: '198.51.100.7', 6: '2001:db8:ffff::7' } as const;

/** Taps that any element of our tables names. */
export function programmedTaps(ruleset: NftRuleset): ReadonlySet<string> {
  const taps = new Set<string>();
  for (const table of ruleset.values()) {
    for (const { elements } of table.sets.values()) {
      for (const key of elements.keys()) {
        const tap = /^"([^"]+)"/.exec(key)?.[1];
        if (tap !== undefined) taps.add(tap);
      }
    }
  }
  return taps;
}

/**
 * What a compiled program lets through although no open instance of the host owns it: taps in its sets, and TCP packets
 * from and to closed instances, by interpreting the rules. Empty: nothing.
 */
export function wronglyOpen(model: FabricModel, host: string, ruleset: NftRuleset): readonly string[] {
  const here = [...model.instances()].filter((instance) => instance.host === host);
  const open = here.filter((instance) => instance.state === 'open');
  const openTaps = new Set(open.map((instance) => instance.interface));
  const wrong = [...programmedTaps(ruleset)].filter((tap) => !openTaps.has(tap)).map((tap) => `elements of ${tap}`);
  const prefixes = model.configuration().interfacePrefixes;
  for (const instance of here) {
    if (instance.state === 'open' || !prefixes.some((prefix) => instance.interface.startsWith(prefix))) continue;
    const owner = open.find((other) => other.interface === instance.interface);
    for (const address of instance.addresses) {
      if (owner?.portSecurity === false || owner?.addresses.includes(address) === true) continue;
      if (owner === undefined && arrives(ruleset, instance, address)) wrong.push(`to ${instance.name} ${address}`);
      if ((owner?.pairs.length ?? 0) === 0 && leaves(ruleset, instance, address)) {
        wrong.push(`from ${instance.name} ${address}`);
      }
    }
  }
  return wrong;
}

function leaves(ruleset: NftRuleset, { interface: iifname, mac }: ResolvedInstance, source: string): boolean {
  const family = familyOf(source);
  const packet = { ...tcp(family, source, FAR[family]), iifname, etherSource: mac };
  if (evaluateHook(ruleset, TABLE, 'prerouting', packet).verdict === 'drop') return false;
  return (
    evaluateHook(ruleset, TABLE, 'forward', { ...packet, oifname: 'eth0', ...newFlow(packet) }).verdict === 'accept'
  );
}

function arrives(ruleset: NftRuleset, { interface: oifname }: ResolvedInstance, destination: string): boolean {
  const family = familyOf(destination);
  const packet = { ...tcp(family, FAR[family], destination), iifname: 'eth0', etherSource: '02:00:00:00:00:01' };
  return evaluateHook(ruleset, TABLE, 'forward', { ...packet, oifname, ...newFlow(packet) }).verdict === 'accept';
}

function tcp(family: 4 | 6, source: string, destination: string) {
  return { family, source, destination, protocol: 6, sourcePort: 40_000, destinationPort: PORT } as const;
}

function newFlow({ source, destination }: Pick<ProgramPacket, 'source' | 'destination'>): Pick<ProgramPacket, 'flow'> {
  const original = { source, destination, protocol: 6, protocolDestination: PORT };
  return { flow: { state: 'new', direction: 'original', original, mark: 0 } };
}

/** Of a canonical address. */
function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}
