import { FabricError, RESOURCE_KINDS, type ResourceKind } from '@slash32/shared';

/** Short names, as typed; singular and plural of the kind's own name are always understood. */
export const KIND_SHORT_NAMES: Readonly<Record<ResourceKind, readonly string[]>> = {
  FabricConfiguration: ['fc', 'config', 'fabric'],
  Host: [],
  Network: ['net', 'nets'],
  Instance: ['inst', 'insts', 'vm', 'vms'],
  SecurityGroup: ['sg', 'sgs'],
  AddressGroup: ['ag', 'ags'],
  BGPPeer: ['peer', 'peers'],
  RoutePolicy: ['rp', 'rps'],
};

/** The kind that `text` names, in any case: `instances`, `SecurityGroup`, `sg`. */
export function tryParseKind(text: string): ResourceKind | undefined {
  const wanted = text.toLowerCase();
  return RESOURCE_KINDS.find((kind) => kindWords(kind).includes(wanted));
}

/** As {@link tryParseKind}, but throws `FabricError` `usage.unknown-kind` naming the kinds there are. */
export function parseKind(text: string): ResourceKind {
  const kind = tryParseKind(text);
  if (kind !== undefined) return kind;
  const known = RESOURCE_KINDS.map((candidate) => {
    const [short] = KIND_SHORT_NAMES[candidate];
    return short === undefined ? candidate : `${candidate} (${short})`;
  });
  throw new FabricError('usage.unknown-kind', `"${text}" is not a kind of resource; there are ${known.join(', ')}`);
}

/** Every word that names `kind`, lower case. */
function kindWords(kind: ResourceKind): readonly string[] {
  const name = kind.toLowerCase();
  const plural = name.endsWith('y') ? `${name.slice(0, -1)}ies` : `${name}s`;
  return [name, plural, ...KIND_SHORT_NAMES[kind]];
}
